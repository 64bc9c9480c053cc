"""Treatment days of a patient and discipline in order: episodes, and the count since the last progress report."""

from __future__ import annotations

import pandas as pd

from audit.evaluations import LEVEL_CODES
from audit.grains.numbered import sums
from audit.shared_text import SHARED
from audit.texts import Whole, firsts, group_numbers

PATIENT = ["patient_id", "discipline"]
DATE = [*PATIENT, "service_date"]
EVALUATIONS = [*LEVEL_CODES.values(), "97161", "97162", "97163"]
"""Codes of initial evaluations, of occupational and of physical therapy."""
REPORTS = ["progress", "recertification", "re-evaluation", "evaluation"]
"""Note types that stand for a progress report when a therapist writes them."""


def treatment_days(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """One row per patient, discipline and date with a claim or a note, in order of date.

    `treated`: services are billed or documented. `episode`: 0 until the first evaluation on file, then one more
    with each. `episode_began`: the first date of it. `since_report`: treatment days since the last report, this
    day included; `since_report_at_least`: as few as they can be, where some day has no note, or one of unknown
    type or author, that may be a report; `reaches_back`: a report or an evaluation on file starts the count;
    `treated_number`: treatment days up to this one; `reported_on`: the next report, of this day or later (NaT where
    there is none); and the columns of `_with_participation`.
    """
    marks = ["treated", "evaluated", "reported", "may_report", "participated", "may_participate"]
    days = pd.concat([_billed(lines, linked), _noted(lines, linked, services)])
    rows = _once_each(days, marks)
    rows["participated"] &= rows["treated"]
    by_patient = group_numbers(*(rows[name] for name in PATIENT))
    rows["episode"] = rows["evaluated"].astype("int64").groupby(by_patient).cumsum()
    treated = rows["service_date"].where(rows["treated"])
    rows["episode_began"] = treated.groupby(group_numbers(by_patient, rows["episode"])).transform("min")
    certain = rows["reported"] | rows["evaluated"]
    rows["since_report"] = _since(rows, certain, by_patient)
    rows["since_report_at_least"] = _since(rows, certain | rows["may_report"], by_patient)
    rows["treated_number"] = rows["treated"].astype("int64").groupby(by_patient).cumsum()
    rows["reported_on"] = rows["service_date"].where(rows["reported"]).groupby(by_patient).bfill()
    before = certain.astype("int64").groupby(by_patient).cumsum() - certain > 0
    rows["reaches_back"] = before | rows["evaluated"]
    return _with_participation(rows, by_patient)


def _once_each(days: pd.DataFrame, marks: list[str]) -> pd.DataFrame:
    """DATE once each, in order, with the marks that one of its rows has."""
    number = group_numbers(*(days[name] for name in DATE))
    rows = days[DATE].take(firsts(number))
    rows = rows.assign(**{name: sums(days[name], number, len(rows)) > 0 for name in marks})
    return rows.sort_values(DATE, ignore_index=True)


def _with_participation(rows: pd.DataFrame, by_patient: Whole) -> pd.DataFrame:
    """Adds what is known of a progress report's period, which begins with an evaluation or after a report's day:
    `closes_early`: no treatment day comes after it in a period that a report ended; `unattended`: up to this day of it
    no therapist gave a service whole; `maybe_attended`: on some day that cannot be told."""
    ends = rows["reported"] & ~rows["evaluated"]
    ended = ends.astype("int64").groupby(by_patient).cumsum() - ends
    period = group_numbers(by_patient, ended, rows["episode"])
    number = rows["treated"].astype("int64").groupby(period).cumsum()
    last = number == number.groupby(period).transform("max")
    so_far = rows[["participated", "may_participate"]].astype("int64").groupby(period).cumsum()
    return rows.assign(
        closes_early=last & ends.groupby(period).transform("any"),
        unattended=so_far["participated"] == 0,
        maybe_attended=so_far["may_participate"] > 0,
    )


def _since(rows: pd.DataFrame, report: pd.Series[bool], by_patient: Whole) -> pd.Series[int]:
    """Treatment days after the last report before this one; an evaluation's own day is the first of its count."""
    number = rows["treated"].astype("int64").groupby(by_patient).cumsum()
    counted = number - (rows["evaluated"] & rows["treated"])
    last = counted.where(report).groupby(by_patient).ffill().groupby(by_patient).shift().fillna(0)
    return (number - last.mask(rows["evaluated"], counted)).astype("int64")


def _billed(lines: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """A billed day without a note may have had a report that is not on file, and a therapist who treated."""
    evaluated = lines["procedure_code"].isin(EVALUATIONS)
    kept = evaluated | ~lines.duplicated("day")
    unknown = ~lines.loc[kept, "day"].isin(linked["day"])
    return lines.loc[kept, DATE].assign(
        treated=True,
        evaluated=evaluated[kept],
        reported=False,
        may_report=unknown,
        participated=False,
        may_participate=unknown,
    )


def _noted(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """A note of a claim's day is of the day's discipline, whatever its own."""
    of_day = lines[["day", "discipline"]].drop_duplicates("day").set_index("day")["discipline"]
    report = linked["note_type"].isin(REPORTS)
    listed = linked["note"].isin(services["note"])
    whole, shared = (linked["note"].isin(notes) for notes in _by_therapist(services))
    only = ~listed
    if only.any():
        only = ~listed.groupby([linked[name] for name in DATE]).transform("any")
    return linked[DATE].assign(
        discipline=linked["day"].map(of_day).astype(SHARED).fillna(linked["discipline"]),
        treated=listed | (linked["total_treatment_minutes"] > 0).fillna(False).astype("bool"),
        evaluated=linked["note_type"] == "evaluation",
        reported=report & (written_by(linked) == "therapist"),
        may_report=(linked["note_type"] == "") | (report & (written_by(linked) == "")),
        participated=whole | (only & (linked["author"] == "therapist")),
        may_participate=shared | (only & (linked["author"] == "")),
    )


def _by_therapist(services: pd.DataFrame) -> tuple[pd.Series[int], pd.Series[int]]:
    """Notes with a service that the therapist gave whole, alone or together with an assistant; and notes with one
    of which that cannot be told, or that the two shared in turn."""
    alone = (services["assistant_minutes"] == 0).fillna(False).astype("bool") & ~services["open_share"]
    took = (services["therapist_minutes"] + services["together_minutes"] > 0).fillna(True).astype("bool")
    took |= services["open_share"]
    whole = alone & (took | (services["author"] == "therapist"))
    return services.loc[whole, "note"], services.loc[~whole & took, "note"]


def written_by(notes: pd.DataFrame) -> pd.Series[str]:
    """The author's role; an assistant's note that somebody cosigned is a therapist's as far as can be told: ""."""
    cosigned = (notes["author"] == "assistant") & (notes["cosigned_by"] != "")
    return notes["author"].mask(cosigned, "")
