"""Numbers taken from voxels: gradients, outlines with their axes, slabs. Knows no file and no window."""
