"""The findings list at the right: lesions of readers and model, and what the reader makes of them."""
