from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule(
    "DOC-05",
    grain="episode_day",
    severity="error",
    sources=["noridian-je-certification-page", "cms-100-02-ch15-220.1.2"],
)
def outside_plan(days: pd.DataFrame) -> list[pd.DataFrame]:
    """Treatment on a day that no plan of care on file covers.

    Why it matters: Medicare pays for therapy only under a plan of care; a day outside of every plan is not covered,
    however well it is documented. An evaluation may come before the plan that it leads to. After it, treatment may
    begin a day before that plan is written, where the therapist who makes it treats or supervises: a person decides.
    What to do: find the plan that was in force that day and load it, or do not bill the day. Its diagnoses, goals, type
    and amount stand in no table: read them in the plan itself. A plan of another discipline covers no day of this one.
    """
    treatment = days[~days["only_evaluated"]]
    medicare = treatment[treatment["medicare"] == "yes"]
    covered = medicare["in_plan"] | medicare["may_be_in_plan"]
    outside = medicare[(medicare["plans_on_file"] > 0) & ~covered]
    next_day = outside["next_start"] == outside["service_date"] + pd.Timedelta(days=1)
    being_made = (outside["plan_id"] == "") & (outside["episode"] > 0) & next_day
    early, outside = outside[being_made], outside[~being_made]
    doubtful = medicare[medicare["may_be_in_plan"] & ~medicare["in_plan"]]
    silent = medicare[medicare["in_plan"] & ((medicare["frequency"] == "") | (medicare["duration"] == ""))]
    return [
        findings(
            outside.assign(last=_last(outside)),
            expected="a plan of care that covers {service_date:%Y-%m-%d}",
            observed="{last}",
            because="{discipline} treatment of {service_date:%Y-%m-%d} lies outside of every {discipline} plan of "
            "care on file for this patient ({last}).",
        ),
        findings(
            early,
            expected="a plan of care established before treatment",
            observed="a plan from {next_start:%Y-%m-%d} on",
            because="{discipline} treatment of {service_date:%Y-%m-%d} came after the evaluation, and a day before the "
            "first plan of care on file begins. Treatment may begin before the plan is written down where the "
            "therapist who makes the plan gives or supervises it, which these tables do not tell.",
            severity="warning",
            facts_unchecked=True,
        ),
        untestable(
            doubtful,
            "Plan of care {plan_id} does not say when it begins or ends, so whether it covers "
            "{service_date:%Y-%m-%d} cannot be told.|Load plans_of_care with start_date and end_date",
        ),
        untestable(
            silent.assign(lacking=_lacking(silent)),
            "Plan of care {plan_id} does not state its {lacking}, which every plan has to; what else it must hold "
            "(diagnoses, goals, type and amount) has to be read in the plan itself.|Load plans_of_care with {lacking}",
        ),
        untestable(
            medicare[medicare["plans_on_file"] == 0],
            "No {discipline} plan of care is on file for this patient.|Load plans_of_care with start_date and end_date",
        ),
        untestable(
            treatment[treatment["medicare"] == ""],
            "Whether this payer asks for a plan of care as Medicare does is not on file."
            "|Load payers with medicare (yes or no) for this payer and date",
        ),
    ]


def _lacking(rows: pd.DataFrame) -> list[str]:
    names = ("frequency", "duration")
    return [" and ".join(n for n in names if not one[n]) for one in rows[list(names)].to_dict("records")]


def _last(rows: pd.DataFrame) -> pd.Series[str]:
    """In words: the last plan that began before the day, and when it ended."""
    ended: pd.Series[str] = "plan " + rows["plan_id"] + " ended on " + rows["end_date"].dt.strftime("%Y-%m-%d")
    return ended.where(rows["plan_id"] != "", "the first plan begins later")
