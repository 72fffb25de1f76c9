"""Drawing and editing the reader's own boxes, keeping them, and reading before the model does."""
