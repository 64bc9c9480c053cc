from __future__ import annotations

import pandas as pd

from audit.rules import UNTOLD_MODIFIERS, findings, rule, untestable

HOSPITAL = ["19", "22"]
"""Places of hospitals, whose own therapists mark telehealth by 95."""
WORDS = {"video": "by video", "audio": "by telephone or other audio only", "in_person": "in person"}


@rule("MOD-15", grain="remote_line", severity="error", sources=["aota-news-2025-11-21-thehomeaccessibilitytherapi",
                                                               "ngs-telehealth-2024", "medicare-telehealth-list",
                                                               "therapy-modifiers"])  # fmt: skip
def telehealth_told_wrong(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The claim and the note do not agree on whether the visit was in person, by video or by audio only; or Medicare
    does not pay the service by telehealth.

    Why it matters: a visit by video billed as one in the clinic (or the other way round) is billed as what it was not;
    outside Medicare's dates and list of codes, telehealth by a therapist is not paid.
    What to do: bill the visit as the note has it: place 02 or 10 with 95 for video, 93 for audio only, as the payer
    asks. Payers other than Medicare have rules of their own: look them up.
    """
    rows = lines.assign(was=lines["modality"].map(WORDS).fillna(""))
    by_note, untold = rows["modality"].isin(["video", "audio"]), rows["modifiers_told"] == "no"
    remote = rows[by_note & ~untold]
    medicare = rows[(rows["medicare"] == "yes") & (rows["modality"] != "in_person")]
    return [
        *_against_the_note(rows, remote),
        *_medium(remote),
        *_dates_and_codes(medicare),
        *_place(medicare[medicare["marked"] & (medicare["modality"] != "") & (medicare["modifiers_told"] != "no")]),
        untestable(rows[untold & (by_note | ~rows["marked"])], UNTOLD_MODIFIERS),
        untestable(
            _medicare_would_refuse(rows[(rows["medicare"] == "") & (rows["modality"] != "in_person")]),
            "Medicare does not pay {procedure_code} by telehealth on {service_date:%Y-%m-%d}; whether this payer is "
            "Medicare is not on file.|Load payers with medicare (yes or no) for this payer and date",
        ),
    ]


def _medicare_would_refuse(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[~rows["ever_eligible"] | (rows["list_known"] & ~rows["listed"] & rows["code_known"])]


def _against_the_note(rows: pd.DataFrame, remote: pd.DataFrame) -> list[pd.DataFrame]:
    silent = remote[~remote["marked"]]
    placed = silent[silent["place_of_service"] != ""]
    severity = pd.Series("error", index=placed.index, dtype="str").where(placed["medicare"] == "yes", "warning")
    return [
        findings(
            placed,
            expected="place 02 or 10, and 95 for video or 93 for audio only",
            observed="place {place_of_service}, modifiers {modifiers}",
            because="The note says that the visit was {was}; neither the place of service ({place_of_service}) nor a "
            "modifier says so.",
            severity=severity,
        ),
        findings(
            rows[rows["marked"] & (rows["modality"] == "in_person")],
            expected="no telehealth place or modifier",
            observed="place {place_of_service}, modifiers {modifiers}",
            because="The note says that the visit was in person; the claim says telehealth (place {place_of_service}, "
            "modifiers {modifiers}).",
        ),
        untestable(
            silent[silent["place_of_service"] == ""],
            "The note says that the visit was {was}; no modifier says so, and the place of service is not on file."
            "|Load claims with place_of_service",
        ),
        untestable(
            rows[rows["modality"] == ""],
            "The claim says telehealth (place {place_of_service}, modifiers {modifiers}); no note tells how the visit "
            "was held.|Load notes with modality",
        ),
    ]


def _medium(remote: pd.DataFrame) -> list[pd.DataFrame]:
    audio, video = remote["modality"] == "audio", remote["modality"] == "video"
    unmarked = audio & remote["marked"] & ~remote["says_audio"] & ~remote["says_video"]
    return [
        findings(
            remote[audio & remote["says_video"]],
            expected="93",
            observed="{modifiers}",
            because="The note says that the visit was by audio only; the line says video ({modifiers}).",
            severity="warning",
            facts_unchecked=True,
        ),
        findings(
            remote[video & remote["says_audio"]],
            expected="95",
            observed="{modifiers}",
            because="The note says that the visit was by video; the line says audio only ({modifiers}).",
            severity="warning",
            facts_unchecked=True,
        ),
        findings(
            remote[unmarked & (remote["medicare"] == "yes")],
            expected="93",
            observed="{modifiers}",
            because="The note says that the visit was by audio only, which Medicare asks to be told by 93.",
            severity="warning",
            facts_unchecked=True,
        ),
    ]


def _dates_and_codes(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [
        findings(
            rows[~rows["ever_eligible"]],
            expected="no telehealth before 2020-03-01",
            observed="place {place_of_service}, modifiers {modifiers}",
            because="Before 2020-03-01 Medicare paid no telehealth by occupational therapists.",
        ),
        findings(
            rows[rows["lapsed"]],
            expected="sent, or sent again, after the law was restored",
            observed="place {place_of_service}, modifiers {modifiers}",
            because="On this date the law that lets therapists give telehealth had run out; it was restored later for "
            "these dates too. A claim that was held or denied for it can be sent again.",
            severity="info",
        ),
        findings(
            rows[rows["list_known"] & ~rows["listed"] & rows["code_known"]],
            expected="a code of Medicare's telehealth list",
            observed="{procedure_code}",
            because="{procedure_code} ({label}) is not on Medicare's list of telehealth services for this date, as far "
            "as it is on file.",
            severity="warning",
            facts_unchecked=True,
        ),
        untestable(
            rows[~rows["eligible"] & rows["ever_eligible"]],
            "Whether Medicare pays telehealth by occupational therapists on this date is not on file."
            "|Load facts (thresholds) with OT_TELEHEALTH_ELIGIBLE for this date",
        ),
        untestable(
            rows[rows["eligible"] & (~rows["list_known"] | (~rows["listed"] & ~rows["code_known"]))],
            "Whether {procedure_code} is on Medicare's list of telehealth services on this date is not on file."
            "|Load facts (telehealth) with the list of that year",
        ),
    ]


def _place(rows: pd.DataFrame) -> list[pd.DataFrame]:
    elsewhere = ~rows["place_remote"] & (rows["place_of_service"] != "")
    video = rows["modality"] == "video"
    return [
        findings(
            rows[rows["by_place"] & elsewhere & ~rows["place_of_service"].isin(HOSPITAL)],
            expected="place 02, or 10 when the patient was at home",
            observed="place {place_of_service}, modifiers {modifiers}",
            because="From 2024 Medicare tells telehealth by its place, 02 or 10; a modifier with another place "
            "({place_of_service}) is for therapists of a hospital.",
            severity="warning",
            facts_unchecked=True,
        ),
        findings(
            rows[~rows["by_place"] & video & ~rows["says_video"]],
            expected="95",
            observed="{modifiers}",
            because="Until the end of 2023 Medicare asked for 95 on telehealth by video, with the place of a visit in "
            "person.",
            severity="warning",
            facts_unchecked=True,
        ),
        untestable(
            rows[rows["by_place"] & (rows["place_of_service"] == "")],
            "From 2024 Medicare tells telehealth by its place of service, which is not on file."
            "|Load claims with place_of_service",
        ),
    ]
