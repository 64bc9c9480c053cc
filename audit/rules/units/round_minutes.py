from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.units.few_minutes_a_unit import UNLIKELY


@rule("UNIT-14", grain="provider_figures", split="nothing", severity="info", sources=["pattern-design"])
def round_minutes(providers: pd.DataFrame) -> pd.DataFrame:
    """A clinician writes exactly 8, 15, 23, 30, 38 or 53 minutes far more often than the others of the practice.

    Why it matters: minutes that stop where a unit is reached look as if they were written for the bill. Work in fixed
    blocks gives the same figures and is no fault; no single claim is wrong because of it.
    What to do: ask how the minutes are taken. (Judged from 50 figures on, of the clinician and of the others together,
    20 percentage points above their share and less likely than one in a hundred; below that nothing is said.)
    """
    return findings(
        providers[providers["chance"] < UNLIKELY],
        expected="about {peer_share} % of figures, as the others write",
        observed="{share} %",
        because="{named}: of {entries} minutes written from {from_date} on, {share} % are exactly 8, 15, 23, 30, 38 or "
        "53; of the others' {peers} it is {peer_share} %.",
    )
