"""The demo clinic: half a year of one invented occupational-therapy clinic, made again from a seed.

Nothing in it is a person. About one claim in ten carries a planted error; `answers.csv` names each one.
"""
