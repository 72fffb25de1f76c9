"""The reader's models in the window: the manager, and what it asks of the shelf."""
