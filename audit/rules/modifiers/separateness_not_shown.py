from __future__ import annotations

import pandas as pd

from audit.rules import UNTOLD_MODIFIERS, findings, rule, untestable

ASKS = {
    "59": "minutes of its own for each of the two that do not overlap, or different parts of the body, or sessions",
    "XE": "two sessions, or times of the two that do not overlap",
    "XP": "two practitioners",
    "XS": "two different parts of the body",
}


@rule("MOD-13", grain="parted_pair", severity="warning", sources=["ncci-manual-ch11", "x-modifiers-with-59"])
def separateness_not_shown(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """59 (or XE, XP, XS, XU) calls two services separate, and the note does not show it.

    Why it matters: the modifier opens the payment of both; without separate minutes, parts of the body or sessions in
    the note, the second one has to be paid back.
    What to do: when they were separate, say so in an addendum: minutes or times of each, the part of the body, the
    session. Blocks of time may alternate. When they were not, remove the modifier and the second code.
    """
    asked = pairs[pairs["pair_edits"] != "none"]
    untold = asked["modifiers_told"] == "no"
    rows = asked[~untold]
    rows = rows.assign(asks=rows["parted_by"].map(ASKS), state=_state(rows))
    return [
        untestable(asked[untold], UNTOLD_MODIFIERS),
        findings(
            rows[rows["state"] == "overlap"],
            expected="{asks}",
            observed="times that overlap",
            because="{modifiers} calls {procedure_code} and {column_1} separate, but by the note their times overlap.",
        ),
        findings(
            rows[rows["state"] == "nothing"],
            expected="{asks}",
            observed="none of these in the note",
            because="{procedure_code} and {column_1} are called separate by {parted_by}; the note does not show "
            "{asks}.",
        ),
        findings(
            rows[rows["state"] == "not listed"],
            expected="both services in the note",
            observed="one of them is missing",
            because="{procedure_code} and {column_1} are called separate by {parted_by}; the note does not list both.",
        ),
        untestable(
            rows[rows["state"] == "no note"],
            "{procedure_code} and {column_1} are called separate; there is no note that could show it."
            "|Load notes with the note of this day, and note_services with minutes, times or body_region",
        ),
        untestable(
            rows[rows["state"] == "no services"],
            "{procedure_code} and {column_1} are called separate; the note does not list its services one by one, so "
            "whether it shows that is for a person to read."
            "|Load note_services with minutes, start_time and end_time, or body_region",
        ),
    ]


def _state(rows: pd.DataFrame) -> pd.Series[str]:
    """What the notes come to for the modifier that stands there; "shown" when they bear it out."""
    together = (rows["clocked"] & ~rows["overlap"]) | rows["sessions"]
    shown = (rows["parted_by"] == "XE") & together
    shown |= (rows["parted_by"] == "XP") & rows["persons"]
    shown |= (rows["parted_by"] == "XS") & rows["regions"]
    open_kind = rows["parted_by"] == "59"
    shown |= open_kind & (together | rows["regions"] | (rows["minutes_fit"] & ~rows["overlap"]))
    state = pd.Series("nothing", index=rows.index, dtype="str").mask(rows["overlap"], "overlap").mask(shown, "shown")
    state = state.mask(~rows["both_listed"], "not listed").mask(~rows["lists"], "no services")
    return state.mask(~rows["noted"], "no note")
