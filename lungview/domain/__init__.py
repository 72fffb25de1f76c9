"""What a chest CT, its findings and its detections are: plain values, without files, networks or windows."""
