from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("DOC-09", grain="episode_day", severity="error", sources=["pub-100-02-ch-15-s220-3-d"])
def progress_report_missing(days: pd.DataFrame) -> list[pd.DataFrame]:
    """More treatment days than Medicare allows have passed without a progress report by a therapist.

    Why it matters: a therapist must write a progress report at least every 10 treatment days, the first of them the
    day on which treatment began; without it the days that follow are not shown to be necessary.
    What to do: load the report if there is one. An assistant may write parts of it, but not the report.
    """
    rows = days[(days["medicare"] == "yes") & days["treated"]]
    dated = rows[rows["report_within"].notna()]
    over = dated["since_report_at_least"] > dated["report_within"]
    maybe = ~over & dated["reaches_back"] & (dated["since_report"] > dated["report_within"])
    return [
        findings(
            dated[over],
            expected="a therapist's progress report within {report_within} treatment days",
            observed="treatment day {since_report_at_least} without one",
            because="{service_date:%Y-%m-%d} is treatment day {since_report_at_least} since the last evaluation or "
            "progress report on file by a therapist; one is due at least every {report_within} treatment days.",
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
