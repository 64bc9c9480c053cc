from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.units import COGNITIVE


@rule("UNIT-09", grain="line", severity="error", sources=["aoc-type-1", "mue-2024q3"])
def further_cognitive_unit_alone(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """97129 is not billed exactly once on a day of cognitive service, the rest of it as 97130.

    Why it matters: 97129 stands for the first 15 minutes of the day's cognitive service and 97130 for each further
    15. A second 97129, or 97130 without 97129, is denied.
    What to do: bill one unit of 97129 and every further unit as 97130.
    """
    rows = lines[lines["procedure_code"].isin(COGNITIVE) & (lines["counting"] > 0)]
    known, strange = rows[rows["code_known"]], rows[~rows["code_known"]]
    is_first = known["procedure_code"] == COGNITIVE[0]
    units = known.assign(first=known["units"].where(is_first, 0), further=known["units"].where(~is_first, 0))
    sums = units.groupby("day")[["first", "further"]].transform("sum")
    known = known.assign(first=sums["first"], further=sums["further"], rest=sums.sum(axis=1) - 1)
    alone = known[(known["first"] == 0)].drop_duplicates(["claim_id", "day"])
    twice = known[is_first & (known["first"] > 1)].drop_duplicates(["claim_id", "day"])
    wrong = pd.concat([alone, twice])
    return [
        findings(
            wrong.assign(on_first=1 - wrong["first"], on_further=wrong["rest"] - wrong["further"]),
            expected="97129 x 1, 97130 x {rest}",
            observed="97129 x {first}, 97130 x {further}",
            because="Of the day's cognitive service the first unit is 97129 and each further one 97130. Billed on this "
            "day, over all claims: {first:unit} of 97129 and {further} of 97130.",
            change="97129 {on_first:+}; 97130 {on_further:+}",
        ),
        untestable(
            strange,
            "{procedure_code} is not on file for this date, so whether it is the first or a further unit of the day's "
            "cognitive service cannot be told."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
    ]
