from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.notes.certification_late import UNTOLD

SOURCES = ["noridian-je-apta-89-fr-97912-97918"]


@rule("DOC-07", grain="episode_day", severity="warning", sources=SOURCES)
def order_instead_of_certification(days: pd.DataFrame) -> list[pd.DataFrame]:
    """A signed order is on file in place of a certification, and it cannot stand in for it.

    Why it matters: for services from 2025-01-01 a signed, dated order on file, with the plan sent within 30 days of the
    evaluation, stands in for the first certification of an episode. An order that is dated after a service was not on
    file for it. It never stands in for a recertification, nor on an earlier date.
    What to do: get the plan certified, with the reason for the delay, or load the date on which the plan was sent.
    """
    leaning = (days["medicare"] == "yes") & days["may_be_in_plan"] & days["signed_order_on"].notna()
    untold = days["certification_told"] == "no"
    rows = days[leaning & days["certified_on"].isna() & ~untold]
    early, again = rows["order_within"].isna(), ~rows["initial"]
    first = rows[~early & ~again]
    first = first.assign(
        send_by=first["first_treatment"] + pd.to_timedelta(first["order_within"].astype("float64"), unit="D")
    )
    in_time = first["sent_on"] <= first["send_by"]
    behind = first[in_time & (first["signed_order_on"] > first["service_date"])]
    return [
        _found(
            rows[early],
            says="{service_date:%Y-%m-%d} lies before the exception of 2025-01-01; an order does not replace the "
            "certification of plan {plan_id}.",
        ),
        _found(
            rows[~early & again],
            says="Plan {plan_id} goes on with an earlier one; an order stands in for the first certification of an "
            "episode only, not for a recertification.",
        ),
        _found(
            first[first["sent_on"] > first["send_by"]],
            says="Plan {plan_id} was sent on {sent_on:%Y-%m-%d}; treatment began on {first_treatment:%Y-%m-%d}, so "
            "it had to be sent by {send_by:%Y-%m-%d} for the order of {signed_order_on:%Y-%m-%d} to stand in.",
        ),
        _found(
            behind,
            says="The order for plan {plan_id} is dated {signed_order_on:%Y-%m-%d}, after the service of "
            "{service_date:%Y-%m-%d}, for which there was none yet. Whether it stands in for that day too is not told "
            "in what is on file of the rule: look for the first order.",
            facts_unchecked=True,
        ),
        untestable(days[leaning & untold], UNTOLD),
        untestable(
            first[first["sent_on"].isna()],
            "An order of {signed_order_on:%Y-%m-%d} is on file for plan {plan_id}; whether the plan was sent by "
            "{send_by:%Y-%m-%d} is not.|Load plans_of_care with sent_on",
        ),
    ]


def _found(rows: pd.DataFrame, says: str, *, facts_unchecked: bool = False) -> pd.DataFrame:
    wanted, there = "plan {plan_id} certified", "a signed order only"
    return findings(rows, expected=wanted, observed=there, because=says, facts_unchecked=facts_unchecked)
