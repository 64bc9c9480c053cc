"""Hostile input: every reader fed with files that were mutated, as many as the time allows.

    python -m benchmarks.fuzz [--seconds 600] [--reader x12 ...] [--seed N] [--keep FOLDER]
    python -m benchmarks.fuzz --replay FILE --reader x12

An outcome is good only when it is data or one of our own errors with a sentence, within the limits of time and memory.
A reader runs in a process of its own with a limit of memory; a mutation that reaches a line of `audit` which none
reached before is kept and mutated further. Cases that fail are written to FOLDER and named; the exit code is 1 then.
"""
