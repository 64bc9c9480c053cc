"""What becomes of the records when the program is killed at any moment: `python -m benchmarks.faults --help`."""
