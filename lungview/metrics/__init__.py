"""How well boxes and lesions agree: IoU, matching, linking boxes of neighbouring slices into lesions."""
