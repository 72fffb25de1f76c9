"""The reader's own models, kept in the user's data folder with where each comes from; only importing needs torch."""
