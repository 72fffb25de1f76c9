"""One training shared out among processes, so that its result does not depend on how many there are."""
