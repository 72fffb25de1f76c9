"""A byte-mutation fuzzer of everything the program reads: `python -m tests.fuzz --help`."""
