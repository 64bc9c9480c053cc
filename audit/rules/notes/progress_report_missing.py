from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("DOC-09", grain="episode_day", severity="error", sources=["pub-100-02-ch-15-s220-3-d"])
def progress_report_missing(days: pd.DataFrame) -> list[pd.DataFrame]:
    """More treatment days than Medicare allows have passed without a therapist's progress report, or service.

    Why it matters: a therapist must write a progress report at least every 10 treatment days, the first of them the
    day on which treatment began, and must give at least one service whole in each such period. Calendar days do not
    count: the "or 30 days" of an old answer of CMS is superseded. A report of the seven days after the tenth treatment
    day is late, and accepted.
    What to do: load the report if there is one; a visit note that holds all of it counts, as note_type progress. An
    assistant may write parts of it, but not the report. Where only an assistant treated, do not bill the period.
    """
    rows = days[days["medicare"] == "yes"]
    dated = rows[rows["report_within"].notna()]
    over = dated["since_report_at_least"] > dated["report_within"]
    latest = dated["due_on"] + pd.to_timedelta(dated["report_later_by"].astype("float64"), unit="D")
    delayed = over & (dated["reported_on"] <= latest)
    alone = dated[dated["unattended"] & dated["reaches_back"] & _period_over(dated)]
    maybe = ~over & dated["reaches_back"] & (dated["since_report"] > dated["report_within"])
    return [
        findings(
            dated[over & ~delayed],
            expected="a therapist's progress report within {report_within} treatment days",
            observed="treatment day {since_report_at_least} without one",
            because="{service_date:%Y-%m-%d} is treatment day {since_report_at_least} since the last evaluation or "
            "progress report on file by a therapist; one is due at least every {report_within} treatment days.",
        ),
        findings(
            dated[delayed],
            expected="a therapist's progress report within {report_within} treatment days",
            observed="one of {reported_on:%Y-%m-%d}",
            because="{service_date:%Y-%m-%d} is treatment day {since_report_at_least} since the last evaluation or "
            "progress report on file by a therapist, and one was due by {due_on:%Y-%m-%d}; it was written on "
            "{reported_on:%Y-%m-%d}. A report may be late by {report_later_by:day}.",
            severity="warning",
            facts_unchecked=True,
        ),
        findings(
            alone[~alone["maybe_attended"]],
            expected="a whole service by the therapist in these {since_report} treatment days",
            observed="{since_report} treatment days by an assistant",
            because="In each period of a progress report the therapist must give at least one service, from its "
            "beginning to its end; the {since_report} treatment days up to {service_date:%Y-%m-%d} show an assistant "
            "only.",
        ),
        untestable(
            alone[alone["maybe_attended"]],
            "Whether the therapist gave a whole service in the {since_report} treatment days up to "
            "{service_date:%Y-%m-%d} cannot be told: a note is missing, or does not say who gave what, or a service "
            "was shared in turn.|Load notes of every visit, and note_services with therapist_minutes and "
            "assistant_minutes",
        ),
        untestable(
            dated[maybe],
            "{service_date:%Y-%m-%d} is treatment day {since_report} since the last progress report that is certainly "
            "a therapist's; a note in between is missing, or does not say what it is or that a therapist wrote it."
            "|Load notes of every visit with note_type and author_credential",
        ),
        untestable(
            dated[~over & ~dated["reaches_back"]],
            "The notes on file do not reach back to an evaluation or progress report, so on which treatment day of "
            "its ten {service_date:%Y-%m-%d} falls cannot be told."
            "|Load notes back to the evaluation or the last progress report",
        ),
        untestable(
            rows[rows["report_within"].isna()],
            "How often a progress report was due on {service_date:%Y-%m-%d} is not on file."
            "|Load facts (thresholds) with PROGRESS_REPORT_TREATMENT_DAYS on this date",
        ),
        untestable(
            days[days["medicare"] == ""],
            "Whether this payer asks for progress reports as Medicare does is not on file."
            "|Load payers with medicare (yes or no) for this payer and date",
        ),
    ]


def _period_over(days: pd.DataFrame) -> pd.Series[bool]:
    """The period of a progress report ends with the report, at the latest with its tenth treatment day. Treatment
    that breaks off before asks for no visit of the therapist."""
    over: pd.Series[bool] = days["closes_early"] | (days["since_report"] >= days["report_within"])
    return over
