"""The command line: one module a sub-command, the same engine as the window."""
