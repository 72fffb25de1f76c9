"""What a run leaves in its folder beside the weights: log, settings, curves, example pictures, a page."""
