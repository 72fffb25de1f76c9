"""The study's experiment done again: one subtype learned, the others fine-tuned, its table with ours beside it."""
