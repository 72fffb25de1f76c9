"""One weight update: how fast, of which weights, in how many passes, and what it leaves in the average."""
