"""Compressed frames: found in their files, decoded in processes whose end is not the program's."""
