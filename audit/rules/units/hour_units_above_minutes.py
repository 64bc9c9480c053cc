from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-10", grain="sequence", severity="error", sources=["cpt-time-rule", "aoc-type-1"])
def hour_units_above_minutes(services: pd.DataFrame) -> list[pd.DataFrame]:
    """A service timed in hours, half hours or 20 minutes is billed for more units than its own minutes reach.

    Why it matters: these codes stand outside the pool of 15-minute codes. Each unit takes more than half of its own
    time, remote monitoring (98979-98981) all of it, added up over the calendar month; a further unit needs the first.
    What to do: bill the units that the service's own minutes reach.
    """
    known = services[services["code_known"]]
    judged = known[known["most_first"].notna()]
    twice = judged[judged["needs_both"]]
    judged = judged[~judged["needs_both"]]
    over = (judged["first"] > judged["most_first"]) | (judged["further"] > judged["most_further"])
    wrong = judged[over.astype("bool")].copy()
    alone = known[(known["further"] > 0) & (known["first"] == 0) & ~known.index.isin(wrong.index)]
    open_minutes = known[known["most_first"].isna() & ~known.index.isin(alone.index)]
    no_rule = open_minutes["base"].isna()
    return [
        findings(
            wrong.assign(
                billed=_told(wrong, "first", "further"),
                supported=_told(wrong, "most_first", "most_further"),
                when=_span(wrong),
                rule=_rule(wrong),
                change=_change(wrong),
            ),
            expected="{supported}",
            observed="{billed}",
            because="The notes of {when} give {root} {minutes:minute}. {rule} That supports {supported}; billed: "
            "{billed}.",
            change="{change}",
        ),
        findings(
            alone.assign(when=_span(alone)),
            expected="{root} beside {addon}",
            observed="{addon} x {further}, no {root}",
            because="{addon} is a further unit of {root}, and no {root} is billed in {when}.",
            change="{addon} -{further}",
        ),
        untestable(
            twice,
            "Two notes, of different types, give {root} the same minutes and no times of their own: one visit written "
            "down twice has {minutes:minute}, which do not reach what is billed; two visits would."
            "|Load notes with start_time and end_time of each, or take one of the two out",
        ),
        untestable(
            open_minutes[no_rule],
            "How the minutes of {procedure_code} become units is not on file."
            "|Load facts (codes) with base_minutes of {procedure_code}",
        ),
        untestable(
            open_minutes[~no_rule & (open_minutes["note_count"] == 0)],
            "There is no note for the time of {procedure_code}, so there are no minutes to hold its units against."
            "|Load notes for this time, and note_services with minutes of {procedure_code}",
        ),
        untestable(
            open_minutes[~no_rule & (open_minutes["note_count"] > 0)],
            "{procedure_code} is timed for itself, and the notes do not give all its minutes."
            "|Load note_services with minutes of {procedure_code}",
        ),
        untestable(
            services[~services["code_known"]],
            "{procedure_code} is not on file for this date, so whether it is timed, and how, cannot be told."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
    ]


def _told(rows: pd.DataFrame, first: str, further: str) -> pd.Series[str]:
    told = rows["root"] + " x " + rows[first].astype("str")
    both = told + ", " + rows["addon"] + " x " + rows[further].astype("str")
    return both.where(rows["addon"] != "", told)


def _change(rows: pd.DataFrame) -> pd.Series[str]:
    """The units above what the minutes reach, to be taken away."""
    first = (rows["first"] - rows["most_first"]).clip(lower=0).astype("str")
    further = (rows["further"] - rows["most_further"]).clip(lower=0).astype("str")
    told = rows["root"] + " -" + first
    return (told + "; " + rows["addon"] + " -" + further).where(rows["addon"] != "", told)


def _span(rows: pd.DataFrame) -> pd.Series[str]:
    month: pd.Series[str] = rows["service_date"].dt.strftime("the month %Y-%m")
    return month.where(rows["monthly"], "this day")


def _rule(rows: pd.DataFrame) -> pd.Series[str]:
    """The fewest minutes of the first unit and of each further one, in words."""
    fewest = rows["base"].where(rows["monthly"], rows["base"] // 2 + 1)
    further = rows["further_base"].where(rows["monthly"], rows["further_base"] // 2 + 1)
    after = ", each further one " + further.astype("str") + " past the time before"
    told: pd.Series[str] = "The first unit takes " + fewest.astype("str") + " minutes"
    return told + after.where(rows["addon"] != "", "") + "."
