"""What a training would learn from and what stands in its way, told before anything is decoded; knows no torch."""
