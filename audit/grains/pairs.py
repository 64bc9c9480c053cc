"""The grain `pair`: two lines of one day whose codes Medicare's pair table holds together."""

from __future__ import annotations

import pandas as pd

from audit.reference import EARLIEST, LATEST, Facts


def pairs(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Lines of column 2 with the line of column 1 of the same day and their indicator (0 or 1).

    `coverage` is "within" for dates the table was read for, "after" for later ones (the newest rows are used
    and said to be old), "before" for earlier ones, for which the table cannot tell. `separated`: one of the two
    lines carries 59 or X{EPSU}.
    """
    active = active_pairs(facts)
    one = lines[["day", "procedure_code", "line_number", "claim_id", "has_separate", "units"]]
    two = lines.merge(active[["column_1", "column_2", "indicator"]], left_on="procedure_code", right_on="column_2")
    rows = two.merge(one, left_on=["day", "column_1"], right_on=["day", "procedure_code"], suffixes=("", "_1"))
    rows = rows.sort_values(["claim_id", "line_number", "column_1", "claim_id_1", "line_number_1"])
    rows["separated"] = rows["has_separate"] | rows["has_separate_1"]
    rows["coverage"] = coverage(rows["service_date"], facts)
    return rows.reset_index(drop=True)


def active_pairs(facts: Facts) -> pd.DataFrame:
    """Pairs that were active when the table was read."""
    table = facts["ncci_pairs"]
    return table[table["effective_to"] > _covered(facts)[0]]


def coverage(date: pd.Series[pd.Timestamp], facts: Facts) -> pd.Series[str]:
    first, last = _covered(facts)
    within = pd.Series("within", index=date.index, dtype="str")
    return within.mask(date > last, "after").mask(date < first, "before")


def with_partners(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """`lines` with `in_pair` (the code forms a pair with another of its day) and `pairs_known` for the date."""
    active = active_pairs(facts)
    of_day = lines[["day", "procedure_code"]].drop_duplicates()
    one = of_day.merge(active, left_on="procedure_code", right_on="column_1")
    both = one.merge(of_day, left_on=["day", "column_2"], right_on=["day", "procedure_code"])
    sides = [both[["day", column]].set_axis(["day", "code"], axis=1) for column in ("column_1", "column_2")]
    paired = pd.MultiIndex.from_frame(pd.concat(sides))
    here = pd.MultiIndex.from_arrays([lines["day"], lines["procedure_code"]])
    return lines.assign(in_pair=here.isin(paired), pairs_known=coverage(lines["service_date"], facts) != "before")


def _covered(facts: Facts) -> tuple[pd.Timestamp, pd.Timestamp]:
    known = facts.coverage["ncci_pairs"]
    return pd.Timestamp(known.covers_from or EARLIEST), pd.Timestamp(known.covers_to or LATEST)
