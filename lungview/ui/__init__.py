"""Windows, panes and dialogs. The only package that knows Qt; it sees detectors as a protocol and never torch."""
