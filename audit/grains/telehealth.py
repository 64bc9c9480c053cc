"""The grain `remote_line`: a claim line that the note or the claim says was not given in person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from audit.facts.reference import EARLIEST, LATEST, Facts, with_facts
from audit.grains.lines import those
from audit.model import MODIFIERS
from audit.texts import combinations, told_of

VIDEO, AUDIO = ["95", "GT"], ["93", "FQ"]
REMOTE = [*VIDEO, *AUDIO, "GQ"]
"""Modifiers that say a service was not given in person."""
NEVER_IN_PERSON = ["RTM", "CTBS"]
"""Families of codes that are remote by nature and no telehealth: monitoring, online assessment, check-ins."""
PERIODS = {
    "eligible": "OT_TELEHEALTH_ELIGIBLE",
    "lapsed": "OT_TELEHEALTH_LAPSE",
    "by_place": "TELEHEALTH_BY_PLACE",
}


def remote_lines(lines: pd.DataFrame, linked: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Claim lines with `modality` (video, audio, in_person, "" where the line's own note does not tell) of which the
    note or the claim says that they were not given in person, or whose claim may say so, having come without a column
    for modifiers; without NEVER_IN_PERSON.

    `place_remote`, `says_video`, `says_audio`: what the claim says by its place and its modifiers; `marked`: by any
    of these. By date: `eligible`, therapists may give telehealth under Medicare; `ever_eligible`, they could before
    or at that date; `lapsed`, the law had run out and was restored later; `by_place`, Medicare tells telehealth by
    its place of service. `listed`, the code is on Medicare's telehealth list; `list_known`, the list on file covers
    the date.
    """
    rows = lines.assign(modality=_modality(lines, linked))
    places = facts["places"]
    remote_places = places.loc[places["setting"] == "telehealth", "place"]
    rows["place_remote"] = rows["place_of_service"].isin(remote_places)
    said = combinations(rows[MODIFIERS], {"says_video": _holds(VIDEO), "says_audio": _holds(AUDIO),
                                          "remote": _holds(REMOTE)})  # fmt: skip
    rows[["says_video", "says_audio"]] = said[["says_video", "says_audio"]]
    rows["marked"] = rows["place_remote"] | said["remote"]
    untold = (rows["modality"] == "in_person") & (rows["modifiers_told"] == "no")
    told = rows["marked"] | rows["modality"].isin(["video", "audio"]) | untold
    rows = those(rows, told & ~rows["family"].isin(NEVER_IN_PERSON))
    if rows.empty:
        return rows
    for name, parameter in PERIODS.items():
        asked = rows[["service_date"]].assign(parameter=parameter)
        rows[name] = with_facts(asked, facts["thresholds"], [], on="parameter", key="parameter")["known"]
    rows["ever_eligible"] = rows["service_date"] >= facts.begins(PERIODS["eligible"])
    listed = with_facts(rows[["procedure_code", "service_date"]], facts["telehealth"], [], on="procedure_code",
                        key="code")  # fmt: skip
    rows["listed"] = listed["known"]
    known = facts.coverage["telehealth"]
    first, last = pd.Timestamp(known.covers_from or EARLIEST), pd.Timestamp(known.covers_to or LATEST)
    rows["list_known"] = rows["service_date"].between(first, last)
    return rows


def _holds(modifiers: list[str]) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    return lambda cells: cells.isin(modifiers).any(axis=1)


def _modality(lines: pd.DataFrame, linked: pd.DataFrame) -> pd.Series[Any]:
    told = linked.drop_duplicates("note_id").set_index("note_id")["modality"]
    return told_of(lines["note_id"], told)
