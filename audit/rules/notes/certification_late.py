from __future__ import annotations

import pandas as pd

from audit.rules import findings, lacks, rule, untestable

REASON = " A reason for the delay is on file: a delayed certification is accepted when the reason holds."
UNTOLD = (
    "The plans of care came without the column that tells when they were certified, so whether plan {plan_id} was is "
    "not known.|Load plans_of_care with certified_on"
)
SOURCES = ["noridian-je-certification-page", "noridian-je-apta-89-fr-97912-97918"]


@rule("DOC-06", grain="episode_day", severity="error", sources=SOURCES)
def certification_late(days: pd.DataFrame) -> list[pd.DataFrame]:
    """The first plan of care of an episode was not certified within 30 days of the first treatment.

    Why it matters: Medicare pays for therapy that a physician certifies. For services from 2025-01-01 a signed
    order on file, with the plan sent within 30 days of the evaluation, stands in its place (see DOC-07).
    A verbal order within the 30 days counts when a signature follows within 14 days; an order stands in for the first
    certification only.
    What to do: get the plan signed and dated, with the reason for the delay, and load it (plans_of_care with
    delay_reason), or the order and the date on which the plan was sent.
    """
    rows = _with_dates(days)
    under = (rows["medicare"] == "yes") & rows["may_be_in_plan"] & rows["initial"]
    medicare = rows[under & ~rows["stands_in"] & ~rows["in_time"]]
    untold = medicare["certification_told"] == "no"
    missing = medicare["certified_on"].isna() & ~untold
    before = ~missing & ~untold & (medicare["service_date"] < medicare["certified_on"])
    sure = medicare["certified_on"] > medicare["latest"]
    past = medicare["newest"] > medicare["latest"]
    maybe = _may_stand_otherwise(medicare)
    late = medicare[before & sure & ~maybe]
    excused = late["delay_reason"] != ""
    return [
        _found(late[~excused], "certified on {certified_on:%Y-%m-%d}"),
        _found(late[excused], "certified on {certified_on:%Y-%m-%d}", REASON, "warning"),
        _found(medicare[missing & past & ~maybe], "no certification on file"),
        untestable(medicare[untold], UNTOLD),
        untestable(
            medicare[maybe & ((before & sure) | (missing & past))],
            "Plan {plan_id} was not certified in time as far as is on file. The plans of care do not tell what could "
            "put it in order all the same: a signed order, when it was sent, or when it began."
            "|Load plans_of_care with start_date, signed_order_on and sent_on",
        ),
        untestable(
            medicare[before & ~sure],
            "Plan {plan_id} began on {start_date:%Y-%m-%d} and was certified on {certified_on:%Y-%m-%d}; no evaluation "
            "is on file to tell whether treatment before {first_treatment:%Y-%m-%d} makes that late."
            "|Load notes with the evaluation that began this episode",
        ),
        untestable(
            medicare[missing & ~past],
            "Plan {plan_id} is not certified yet; nothing on file for this patient is later than "
            "{latest:%Y-%m-%d}, until when it may be."
            "|Load plans_of_care with certified_on, once the plan is signed",
        ),
        untestable(
            rows[(rows["medicare"] == "yes") & (rows["plans_on_file"] == 0)],
            "No {discipline} plan of care is on file for this patient."
            "|Load plans_of_care with start_date, end_date and certified_on",
        ),
        untestable(
            rows[rows["medicare"] == ""],
            "Whether this payer asks for certification as Medicare does is not on file."
            "|Load payers with medicare (yes or no) for this payer and date",
        ),
    ]


def _may_stand_otherwise(days: pd.DataFrame) -> pd.Series[bool]:
    """What the file does not tell could change it: a signed order with the day on which the plan was sent; or when the
    plan began, for an evaluation that may lie before it and for one of several plans, which may go on with another."""
    untold = days["columns_untold"]
    order = lacks(untold, "signed_order_on") | (lacks(untold, "sent_on") & days["signed_order_on"].notna())
    unplaced = days["start_date"].isna() & (days["only_evaluated"] | (days["plans_on_file"] > 1))
    return (order & days["order_within"].notna()) | unplaced


def _found(rows: pd.DataFrame, observed: str, further: str = "", severity: str = "") -> pd.DataFrame:
    return findings(
        rows,
        expected="plan {plan_id} certified by {latest:%Y-%m-%d}",
        observed=observed,
        because="Treatment began on {first_treatment:%Y-%m-%d}, so plan {plan_id} had to be certified by "
        "{latest:%Y-%m-%d}: " + observed + "{order}." + further,
        severity=severity,
    )


def _latest(days: pd.DataFrame, latest: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    """A verbal order up to `latest` gives its signature some days more."""
    verbal = days["verbal_order_on"].where(days["verbal_order_on"] <= latest)
    signed = verbal + pd.to_timedelta(days["sign_verbal_within"].astype("float64"), unit="D")
    result: pd.Series[pd.Timestamp] = pd.DataFrame({"plain": latest, "signed": signed}).max(axis=1)
    return result


def _with_dates(days: pd.DataFrame) -> pd.DataFrame:
    """Adds `latest`, the last date for certification; `in_time`; `stands_in` (a signed order and the plan sent in
    time replace it); and `order`: what of these two is there, in words.

    An order of a later date than `latest` is none: it would have come too late as a certification too. (DOC-07 tells of
    orders that are dated after a service.) Where no evaluation begins the episode, treatment may have begun as early as
    the plan: `in_time` counts from there.
    """
    within = pd.to_timedelta(days["certify_within"].astype("float64"), unit="D")
    earliest = days["first_treatment"].where(days["begun"], days[["first_treatment", "start_date"]].min(axis=1))
    latest = _latest(days, days["first_treatment"] + within)
    may_send = pd.to_timedelta(days["order_within"].astype("float64"), unit="D")
    ordered, sent = days["signed_order_on"].notna(), days["sent_on"]
    late = sent > days["first_treatment"] + may_send
    excepted = days["order_within"].notna()
    order = pd.Series("", index=days.index, dtype="str")
    order = order.mask(excepted & ordered, "; a signed order is on file, but nothing shows when the plan was sent")
    when = "; a signed order is on file, but the plan was sent only on " + sent.dt.strftime("%Y-%m-%d")
    order = order.mask(excepted & ordered & late, when)
    tardy = days["signed_order_on"] > latest
    too_late = "; a signed order is on file, but only of " + days["signed_order_on"].dt.strftime("%Y-%m-%d")
    order = order.mask(excepted & tardy, too_late)
    return days.assign(
        latest=latest,
        in_time=days["certified_on"] <= _latest(days, earliest + within),
        stands_in=excepted & ordered & sent.notna() & ~late & ~tardy,
        order=order.mask(excepted & ~ordered & sent.notna(), "; the plan was sent, but no signed order is on file"),
    )
