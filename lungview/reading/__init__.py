"""One patient's reading: scanned folder, linked annotations and detections together. No window, no torch."""
