"""The strip at the left: patients, studies and series of what is open."""
