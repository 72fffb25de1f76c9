"""Windows that open over the main one, never blocking it from code."""
