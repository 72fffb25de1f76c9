"""Fine-tuning from the window: asked for, watched, judged; the work itself is done by another process."""
