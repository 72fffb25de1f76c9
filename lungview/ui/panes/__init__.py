"""The views of a slice: they listen to the state and the display, keep no voxels, and don't know each other."""
