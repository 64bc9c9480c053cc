"""The grain `pair`: two lines of one day whose codes Medicare's pair table holds together."""

from __future__ import annotations

import pandas as pd

from audit.grains.limits import coverage, covered, period
from audit.reference import Facts, in_force

TABLE = "ncci_pairs"
DAY = ["day", "payer_id"]
"""Pairs hold among the services of one day that go to one payer."""


def pairs(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Lines of column 2 with each line of column 1 of the same day, and their indicator (0 or 1).

    `coverage` is "within" for dates the table was read for, "after" for later ones (the newest rows are used
    and said to be old), "before" for earlier ones, for which the table cannot tell: it lists every pair that may
    have been active. `table_period`: the dates the table was read for. `separated`: one of the two lines carries
    a modifier that parts a pair (at first it had to be that of column 2). A line whose code the table does not know
    comes with indicator "".
    """
    found = pd.concat([_in_table(lines, facts), _strange(lines, facts)], ignore_index=True)
    one = lines[[*DAY, "procedure_code", "line_number", "claim_id", "billing_npi", "parts_a_pair", "modifiers"]]
    one = one.rename(columns={"procedure_code": "column_1"})
    two = lines.merge(found, left_on=[*DAY, "procedure_code"], right_on=[*DAY, "column_2"])
    rows = two.merge(one, on=[*DAY, "column_1"], suffixes=("", "_1"))
    rows = rows[_same_practice(rows)]
    rows = rows.sort_values(["claim_id", "line_number", "column_1", "claim_id_1", "line_number_1"])
    either = rows["service_date"] >= facts.begins("NCCI_MODIFIER_EITHER_COLUMN")
    rows["separated"] = rows["parts_a_pair"] | (rows["parts_a_pair_1"] & either)
    return rows.reset_index(drop=True)


def with_partners(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """`lines` with `in_pair` (the code forms a pair with another of its day), `coverage` and `table_period` of the
    table for the date, and `pairs_known`: the table reaches back to the date and knows all codes of the day."""
    found = _in_table(lines, facts)
    sides = [found[[*DAY, column]].set_axis([*DAY, "code"], axis=1) for column in ("column_1", "column_2")]
    paired = pd.MultiIndex.from_frame(pd.concat(sides))
    here = pd.MultiIndex.from_frame(lines[[*DAY, "procedure_code"]])
    there, strange = coverage(lines["service_date"], facts, TABLE), ~lines["procedure_code"].isin(known_codes(facts))
    return lines.assign(
        in_pair=here.isin(paired),
        coverage=there,
        table_period=period(facts, TABLE),
        pairs_known=(there != "before") & ~strange.groupby(lines["day"]).transform("any"),
    )


def known_codes(facts: Facts) -> set[str]:
    """Codes whose pairs the table was read for: those of OT, and all that stand in it."""
    table = facts["ncci_pairs"]
    return {*facts["codes"]["code"], *table["column_1"], *table["column_2"]}


def _in_table(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Pairs of codes of one day that are in force on its date (or the last one the table was read for)."""
    of_day = lines[[*DAY, "procedure_code", "service_date"]].drop_duplicates([*DAY, "procedure_code"])
    both = of_day.merge(of_day.drop(columns="service_date"), on=DAY, suffixes=("_1", "_2"))
    both = both.rename(columns={"procedure_code_1": "column_1", "procedure_code_2": "column_2"})
    table = facts["ncci_pairs"][["column_1", "column_2", "indicator", "effective_from", "effective_to"]]
    found: pd.DataFrame = both.merge(table, on=["column_1", "column_2"])
    last = covered(facts, TABLE)[1]
    asked = found["service_date"].mask(found["service_date"] > last, last)
    before = coverage(found["service_date"], facts, TABLE) == "before"
    kept = in_force(found, asked) | (before & (asked <= found["effective_to"]))
    return found.loc[kept, [*DAY, "column_1", "column_2", "indicator"]].drop_duplicates()


def _strange(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """A code of which the table knows nothing, with the first other code of its day; indicator ""."""
    of_day = lines[[*DAY, "procedure_code"]].drop_duplicates()
    strange = of_day[~of_day["procedure_code"].isin(known_codes(facts))]
    both = strange.rename(columns={"procedure_code": "column_2"}).merge(of_day, on=DAY)
    both = both.rename(columns={"procedure_code": "column_1"})
    both = both[both["column_1"] != both["column_2"]].sort_values("column_1").drop_duplicates([*DAY, "column_2"])
    return both.assign(indicator="")


def _same_practice(rows: pd.DataFrame) -> pd.Series[bool]:
    """Not known to be billed by two practices: pairs hold for one provider."""
    told = (rows["billing_npi"] != "") & (rows["billing_npi_1"] != "")
    return ~told | (rows["billing_npi"] == rows["billing_npi_1"])
