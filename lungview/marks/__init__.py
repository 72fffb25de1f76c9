"""The reader's own boxes: values, edits that can be undone, and their file. Knows no window and no image."""
