from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-05", grain="service", severity="error", sources=["cms-100-02-ch15-220.3"])
def code_not_in_note(services: pd.DataFrame) -> list[pd.DataFrame]:
    """A billed service is not in the day's note, or has no minutes there.

    Why it matters: each billed intervention must be identified in the note; a service that is not documented was,
    for the payer, not furnished. (A further unit is documented where its first code is: UNIT-10 looks at the minutes;
    97150 where what was done in the group is listed with mode group or concurrent.)
    What to do: remove the line, or have the therapist add an addendum if the service was given.
    """
    by_findings = (services["family"] == "eval") & services["evaluated"]
    under_first = services["under_first"] & ~services["in_note"]
    no_minutes = services["in_note"] & services["timed"] & (services["minutes"] == 0).fillna(False)
    asked = (services["units"] > 0) & ~by_findings & ~under_first & ~services["in_group"]
    billed = services[asked & (~services["in_note"] | no_minutes)]
    named = billed["service"] + (" (" + billed["label"] + ")").where(billed["label"] != "", "")
    billed = billed.assign(named=named)
    absent, noted = billed[~billed["in_note"]], billed[billed["in_note"]]
    return [
        findings(
            absent[absent["listed"] & ~absent["maybe_in_group"]],
            expected="{service} in the note",
            observed="{units:unit} billed, not in the note",
            because="Billed: {units:unit} of {named}. No note of this day lists it.",
            change="{service} -{units}",
        ),
        findings(
            noted,
            expected="minutes of {service}",
            observed="0 minutes",
            because="Billed: {units:unit} of {named}. The note gives it 0 minutes.",
            change="{service} -{units}",
        ),
        untestable(
            absent[absent["listed"] & absent["maybe_in_group"]],
            "{named} is billed. The note lists what was done, and does not say whether one patient had it or several "
            "at once.|Load note_services with mode of every service of this day",
        ),
        untestable(
            absent[absent["note_count"] == 0],
            "There is no note for this day, so no billed service can be found in it."
            "|Load notes with the note of this day, and note_services with its services",
        ),
        untestable(
            absent[~absent["listed"] & (absent["note_count"] > 0)],
            "{named} is billed. Not every note of this day lists its services by code, so it may be in the text."
            "|Load note_services with procedure_code of every service of this day",
        ),
    ]
