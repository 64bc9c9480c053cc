from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.notes.certification_late import UNTOLD


@rule("DOC-08", grain="episode_day", severity="error", sources=["pub-100-02-ch-15-s220-1-3"])
def recertification_missing(days: pd.DataFrame) -> list[pd.DataFrame]:
    """Treatment went on longer than its certification, or the new certification came late.

    Why it matters: a certification lasts as long as the plan, and never longer than 90 days from its beginning; after
    that Medicare pays only under a plan that was certified anew. A late one is accepted with the reason.
    A significant change of the plan asks for a new certification too: load the changed plan as one of its own.
    What to do: load the newer plan with its certification; when it came late, with the reason for the delay
    (delay_reason).
    """
    rows = _with_limits(days)
    planned = (rows["medicare"] == "yes") & (rows["plan_id"] != "")
    later = planned & (rows["service_date"] > rows["limit"]) & ~rows["only_evaluated"]
    again = planned & ~later & rows["may_be_in_plan"] & ~rows["initial"]
    uncovered = again & ~(rows["service_date"] <= rows["limit_before"])
    untold = rows["certification_told"] == "no"
    missing, known = rows["certified_on"].isna() & ~untold, rows["limit_before"].notna()
    late = rows["service_date"] < rows["certified_on"]
    past = rows["newest"] > rows["sign_by"]
    return [
        _beyond(rows[later & (rows["plan_episode"].isna() | (rows["plan_episode"] == rows["episode"]))]),
        _too_long(rows[planned & ~later & (rows["end_date"] > rows["limit"])]),
        _uncertified(rows[uncovered & known & missing & past]),
        _delayed(rows[uncovered & known & late & (rows["delay_reason"] == "")]),
        _delayed_with_reason(rows[uncovered & known & late & (rows["delay_reason"] != "")]),
        untestable(rows[uncovered & untold], UNTOLD),
        untestable(
            rows[uncovered & known & missing & ~past],
            "Plan {plan_id} goes on with the treatment and is not certified yet; nothing on file for this patient is "
            "later than {sign_by:%Y-%m-%d}.|Load plans_of_care with certified_on, once the plan is signed",
        ),
        untestable(
            rows[uncovered & ~known & (missing | late)],
            "The plan before {plan_id} does not say when it begins or ends, so whether {service_date:%Y-%m-%d} was "
            "still certified cannot be told.|Load plans_of_care with start_date and end_date of the plan before",
        ),
        untestable(
            rows[planned & rows["limit"].isna()],
            "Plan {plan_id} does not say when it begins, so how long its certification lasts cannot be told."
            "|Load plans_of_care with start_date",
        ),
        untestable(
            rows[(rows["medicare"] == "yes") & (rows["plans_on_file"] == 0)],
            "No {discipline} plan of care is on file for this patient."
            "|Load plans_of_care with start_date, end_date and certified_on",
        ),
        untestable(
            rows[rows["medicare"] == ""],
            "Whether this payer asks for recertification as Medicare does is not on file."
            "|Load payers with medicare (yes or no) for this payer and date",
        ),
    ]


def _with_limits(days: pd.DataFrame) -> pd.DataFrame:
    """Adds `limit` and `limit_before`: the last date that the certification of the plan, and of the one before it,
    can cover; `sign_by`: 30 days after the first treatment under the plan. The days of an episode's first plan count
    from the evaluation that led to it, where that is on file, those of others from their beginning."""
    longest = pd.to_timedelta(days["recertify_within"].astype("float64"), unit="D")
    signing = pd.to_timedelta(days["certify_within"].astype("float64"), unit="D")
    limit_before = pd.DataFrame({"end": days["end_before"], "longest": days["start_before"] + longest}).min(axis=1)
    evaluated_on = days["first_treatment"].where(days["initial"] & days["begun"])
    return days.assign(
        limit=evaluated_on.fillna(days["start_date"]).fillna(days["certified_on"]) + longest,
        limit_before=limit_before.where(days["start_before"].notna()),
        sign_by=days["first_under"] + signing,
    )


def _beyond(rows: pd.DataFrame) -> pd.DataFrame:
    return findings(
        rows,
        expected="a plan certified anew by {limit:%Y-%m-%d}",
        observed="no newer plan on file",
        because="Treatment of {service_date:%Y-%m-%d} is more than {recertify_within:day} after the beginning of plan "
        "{plan_id}; its certification reaches to {limit:%Y-%m-%d} at most, and no newer plan is on file.",
    )


def _too_long(rows: pd.DataFrame) -> pd.DataFrame:
    """Once a plan and claim, on the first day that was treated under it. Its days within the limit are covered."""
    first = rows[rows["service_date"] == rows["first_under"]]
    return findings(
        first.assign(length=(first["end_date"] - first["limit"]).dt.days + first["recertify_within"]),
        expected="a plan of at most {recertify_within:day}",
        observed="{length:day}",
        because="Plan {plan_id} runs to {end_date:%Y-%m-%d}, {length:day} from its beginning; a certification covers "
        "{recertify_within} of them, to {limit:%Y-%m-%d}; treatment after that needs a new one.",
        severity="warning",
    )


def _uncertified(rows: pd.DataFrame) -> pd.DataFrame:
    return findings(
        rows,
        expected="plan {plan_id} certified",
        observed="no certification on file",
        because="The certification before plan {plan_id} reached to {limit_before:%Y-%m-%d}; the plan under which "
        "{service_date:%Y-%m-%d} was treated has none, 30 days and more after its first treatment.",
    )


def _delayed(rows: pd.DataFrame) -> pd.DataFrame:
    return findings(
        rows,
        expected="plan {plan_id} certified by {limit_before:%Y-%m-%d}",
        observed="certified on {certified_on:%Y-%m-%d}",
        because="Plan {plan_id} was certified on {certified_on:%Y-%m-%d}, after the treatment of "
        "{service_date:%Y-%m-%d}; the certification before it reached to {limit_before:%Y-%m-%d}. A delayed "
        "certification is accepted when the reason is documented; plans_of_care (delay_reason) names none, so it "
        "has to be looked for.",
        severity="warning",
    )


def _delayed_with_reason(rows: pd.DataFrame) -> pd.DataFrame:
    return findings(
        rows,
        expected="plan {plan_id} certified by {limit_before:%Y-%m-%d}",
        observed="certified on {certified_on:%Y-%m-%d}, with a reason",
        because="Plan {plan_id} was certified on {certified_on:%Y-%m-%d}, after the treatment of "
        "{service_date:%Y-%m-%d}; a reason for the delay is on file, with which a delayed certification is accepted.",
        severity="info",
    )
