"""The demo clinic: half a year of one invented occupational-therapy clinic, made again from a seed.

Nothing in it is a person. About one claim in four carries a planted error; `answers.csv` names each one. Some of them
tell a story (`mistakes/habits.py`): units that creep up, a payer's claims without GO, a lesson that worked.
"""
