"""The networks themselves: tensors in, tensors out, no files."""
