from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-05", grain="service", severity="error", sources=["cms-100-02-ch15-220.3"])
def code_not_in_note(services: pd.DataFrame) -> list[pd.DataFrame]:
    """A billed service is not in the day's note, or has no minutes there.

    Why it matters: each billed intervention must be identified in the note; a service that is not documented was,
    for the payer, not furnished.
    What to do: remove the line, or have the therapist add an addendum if the service was given.
    """
    billed = services[(services["units"] > 0) & (services["note_count"] > 0) & (services["family"] != "eval")]
    absent = billed[billed["listed"] & ~billed["in_note"]]
    empty = billed[billed["timed"] & billed["in_note"] & (billed["minutes"] == 0).fillna(False)]
    return [
        findings(
            absent,
            expected="{service} in the note",
            observed="{units:unit} billed, not in the note",
            because="{units:unit} of {service} ({label}) are billed; the notes of this day do not list it.",
        ),
        findings(
            empty,
            expected="minutes of {service}",
            observed="0 minutes",
            because="{units:unit} of {service} ({label}) are billed; the note gives it 0 minutes.",
        ),
        untestable(billed[~billed["listed"]], "The notes of this day list no services by code."),
    ]
