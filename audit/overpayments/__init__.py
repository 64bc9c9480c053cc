"""The log of overpayments: upheld overbilling on claims that were paid, from the day it is known to its return.

Rows are only added; what was entered by mistake is taken back by another row with a reason. Due dates follow 42 CFR
401.305 as it stands since 2025 (`clock`); amounts are those of the upheld findings until a person quantifies them.
"""

from audit.overpayments.clock import Clock, due_date
from audit.overpayments.entries import ACTS, KEEPERS, WAYS, next_acts, record, take_back
from audit.overpayments.log import MOST, READERS, Overpayment, history, log, to_enter, totals, waits, worth

__all__ = [
    "ACTS",
    "KEEPERS",
    "MOST",
    "READERS",
    "WAYS",
    "Clock",
    "Overpayment",
    "due_date",
    "history",
    "log",
    "next_acts",
    "record",
    "take_back",
    "to_enter",
    "totals",
    "waits",
    "worth",
]
