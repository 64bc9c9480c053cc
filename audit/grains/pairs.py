"""The grain `pair`: two lines of one day whose codes Medicare's pair table holds together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.facts.fact_loads import PAIRS
from audit.facts.reference import Facts, in_force, once_for_facts
from audit.grains.again import REPLACED
from audit.grains.lines import those
from audit.texts import group_numbers

MEDICARE = "medicare"
REACH = {"before": 0, "after": 1, "within": 2}
COVERED = ["coverage", "table_period"]
DAY = ["day", "payer_id"]
"""Pairs hold among the services of one day that go to one payer."""


def pairs(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Lines of column 2 with each line of column 1 of the same day, and their indicator (0 or 1); `lines` are as
    `with_partners` gives them. A line of no units claims nothing.

    `list_known`: the pair list that the payer's profile names (`pair_edits`) is on file; where it is not, Medicare's
    is looked at. `coverage` is "within" for dates the table was read for, "after" for later ones (the newest rows are
    used and said to be old), "before" for earlier ones, for which the table cannot tell: it lists every pair that may
    have been active. `table_period`: the dates the table was read for. `separated`: one of the two lines carries
    a modifier that parts a pair (at first it had to be that of column 2). A line whose code the table does not know
    comes with indicator "".
    """
    lines = those(lines, lines["units"] > 0)
    strange = ~_knows(lines, facts)
    found = pd.concat([_in_table(those(lines, lines["in_pair"]), facts), _strange(lines, strange)], ignore_index=True)
    lines = those(lines, lines["in_pair"] | lines["day"].isin(found.loc[found["indicator"] == "", "day"]))
    asked = ["procedure_code", "line_number", "claim_id", "billing_npi", "parts_a_pair", "modifiers", "told_again",
             "modifiers_told"]  # fmt: skip
    one = lines[[*DAY, *asked]]
    one = one.rename(columns={"procedure_code": "column_1"})
    two = lines.drop(columns=COVERED, errors="ignore")
    two = two.merge(found, left_on=[*DAY, "procedure_code"], right_on=[*DAY, "column_2"])
    rows = two.merge(one, on=[*DAY, "column_1"], suffixes=("", "_1"))
    rows = rows[_same_practice(rows) & _both_stand(rows)]
    rows = rows.sort_values(["claim_id", "line_number", "column_1", "claim_id_1", "line_number_1"])
    either = rows["service_date"] >= facts.begins("NCCI_MODIFIER_EITHER_COLUMN")
    rows["modifiers_told"] = rows["modifiers_told"].mask((rows["modifiers_told_1"] == "no") & either, "no")
    rows["separated"] = rows["parts_a_pair"] | (rows["parts_a_pair_1"] & either)
    return rows


def with_partners(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """`lines` with `list_known` (as in `pairs`), `in_pair` (the code forms a pair with another of its day),
    `coverage` and `table_period` of the table for the date (the least of all codes of the day), and `pairs_known`:
    the table reaches back to the date and knows all codes of the day."""
    rows = _with_list(lines, facts)
    found = _in_table(those(rows, rows["units"] > 0), facts)
    sides = [found[[*DAY, column]].set_axis([*DAY, "code"], axis=1) for column in ("column_1", "column_2")]
    paired = pd.MultiIndex.from_frame(pd.concat(sides).drop_duplicates())
    in_pair = rows["day"].isin(found["day"])
    asked = pd.MultiIndex.from_frame(rows.loc[in_pair, [*DAY, "procedure_code"]])
    in_pair[in_pair] = asked.isin(paired)
    rows[COVERED] = _covered(rows, rows["procedure_code"], facts)[COVERED]
    if group_numbers(*(rows[name] for name in COVERED)).any():
        order = rows["coverage"].map(REACH).astype("int64")
        least = rows.loc[order.groupby([rows[name] for name in DAY]).transform("idxmin"), COVERED]
        rows = rows.assign(**{name: least[name].array for name in COVERED})
    strange = ~_knows(rows, facts)
    day_strange = rows["day"].isin(rows.loc[strange, "day"])
    return rows.assign(in_pair=in_pair, pairs_known=(rows["coverage"] != "before") & ~day_strange)


@once_for_facts
def known_codes(facts: Facts, pair_list: str = MEDICARE) -> set[str]:
    """Codes whose pairs a list was read for: those of OT, and all that stand in it."""
    table = facts[table_of(pair_list)]
    return {*facts["codes"]["code"], *table["column_1"], *table["column_2"]}


def table_of(pair_list: str) -> str:
    """The fact table of a pair list, by the name that a payer's profile gives it."""
    return "ncci_pairs" if pair_list == MEDICARE else f"{PAIRS}{pair_list}"


def _with_list(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Adds `list_known` and `pair_list`: the list on file that is looked at."""
    on_file = {name for name in lines["pair_edits"].unique() if name and table_of(name) in facts.tables}
    known = lines["pair_edits"].isin(on_file)
    return lines.assign(list_known=known, pair_list=lines["pair_edits"].where(known, MEDICARE))


def _in_table(lines: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Pairs of codes of one day that are in force on its date (or on the last one the table was read for)."""
    table = pd.concat([_table(name, facts) for name in lines["pair_list"].unique()] or [_table(MEDICARE, facts)])
    number, codes = pd.factorize(lines["procedure_code"])
    group = group_numbers(*(lines[name] for name in DAY))
    of_day = pd.DataFrame({"group": group, "number": number, "row": np.arange(len(lines))})
    of_day = of_day[~(of_day["group"] * len(codes) + of_day["number"]).duplicated()]
    both = of_day.merge(of_day[["group", "number"]], on="group", suffixes=("", "_2"))
    listed = table["column_1"].isin(codes) & table["column_2"].isin(codes)
    sides = [codes.get_indexer(pd.Index(table.loc[listed, column])) for column in ("column_1", "column_2")]
    paired = np.zeros((len(codes), len(codes)), dtype="bool")
    paired[sides[0], sides[1]] = True
    both = both[paired[both["number"], both["number_2"]]]
    row, one, two = (both[name].to_numpy() for name in ("row", "number", "number_2"))
    both = (
        lines[[*DAY, "service_date", "pair_list"]].take(row).assign(column_1=codes.take(one), column_2=codes.take(two))
    )
    found: pd.DataFrame = both.merge(table[listed], on=["pair_list", "column_1", "column_2"])
    found[[*COVERED, "asked"]] = _covered(found, found["column_1"], facts)
    before = found["coverage"] == "before"
    kept = in_force(found, found["asked"]) | (before & (found["asked"] <= found["effective_to"]))
    return found.loc[kept, [*DAY, "column_1", "column_2", "indicator", *COVERED]].drop_duplicates()


def _table(pair_list: str, facts: Facts) -> pd.DataFrame:
    columns = ["column_1", "column_2", "indicator", "effective_from", "effective_to"]
    return facts[table_of(pair_list)][columns].assign(pair_list=pair_list)


def _covered(rows: pd.DataFrame, column_1: pd.Series[str], facts: Facts) -> pd.DataFrame:
    """`coverage`, `table_period`, `asked` for each row's date and code of column 1 in its `pair_list`."""
    lists = list(rows["pair_list"].unique()) or [MEDICARE]
    if len(lists) == 1:
        return facts.covered(table_of(lists[0]), rows["service_date"], column_1)[[*COVERED, "asked"]]
    each = [(table_of(name), rows["pair_list"] == name) for name in lists]
    parts = [facts.covered(table, rows.loc[here, "service_date"], column_1[here]) for table, here in each]
    return pd.concat(parts).reindex(rows.index)[[*COVERED, "asked"]]


def _knows(rows: pd.DataFrame, facts: Facts) -> pd.Series[bool]:
    known = pd.Series(False, index=rows.index)
    for name in rows["pair_list"].unique():
        known |= (rows["pair_list"] == name) & rows["procedure_code"].isin(known_codes(facts, name))
    return known


def _strange(lines: pd.DataFrame, strange: pd.Series[bool]) -> pd.DataFrame:
    """A code of which the table knows nothing, with the first other code of its day; indicator ""."""
    unknown = lines.loc[strange, [*DAY, "procedure_code"]].drop_duplicates()
    of_day = lines.loc[lines["day"].isin(unknown["day"]), [*DAY, "procedure_code"]].drop_duplicates()
    both = unknown.rename(columns={"procedure_code": "column_2"}).merge(of_day, on=DAY)
    both = both.rename(columns={"procedure_code": "column_1"})
    both = both[both["column_1"] != both["column_2"]].sort_values("column_1").drop_duplicates([*DAY, "column_2"])
    return both.assign(indicator="", coverage="", table_period="")


def _both_stand(rows: pd.DataFrame) -> pd.Series[bool]:
    """Of one claim, or of two of which none was replaced or voided."""
    replaced = (rows["told_again"] == REPLACED) | (rows["told_again_1"] == REPLACED)
    return ~replaced | (rows["claim_id"] == rows["claim_id_1"])


def _same_practice(rows: pd.DataFrame) -> pd.Series[bool]:
    """Not known to be billed by two practices: pairs hold for one provider."""
    told = (rows["billing_npi"] != "") & (rows["billing_npi_1"] != "")
    return ~told | (rows["billing_npi"] == rows["billing_npi_1"])
