"""Networks, their preprocessing and decoding, the bundled weights. The only part of the viewer that knows torch."""
