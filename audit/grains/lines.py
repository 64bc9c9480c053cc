"""The grain `line`: a claim line with what is known of its code, its payer and its day."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from audit.facts.reference import EARLIEST, LATEST, Facts, with_facts
from audit.grains.again import belongs, rivals_of, told_again
from audit.grains.numbered import sums_for
from audit.model import MODIFIERS
from audit.shared_text import SHARED, for_all, spread
from audit.tables import Tables
from audit.texts import firsts, group_numbers, told_of
from audit.units import COGNITIVE, COGNITIVE_SERVICE

DAY = ["patient_id", "discipline", "service_date"]
SEPARATE = ("59", "XE", "XP", "XS", "XU")
"""Modifiers that say two services of a pair were separate."""
BODY_SIDES = ("LT", "RT", "FA", *(f"F{n}" for n in range(1, 10)), "TA", *(f"T{n}" for n in range(1, 10)))
"""Sides, fingers and toes: the other modifiers that part a pair (NCCI policy manual ch. 1)."""
CODE_FACTS = ["label", "family", "timed", "in_pool", "once_a_day", "addon_to", "therapy_class", "typical_minutes",
              "evidence"]  # fmt: skip
PROFILE = ["unit_method", "therapy_modifier", "assistant_modifier", "medicare", "pair_edits", "authorization",
           "habilitative_modifier"]  # fmt: skip
PHYSICIAN = r"\b(?:MD|DO|DPM|NP|FNP|APRN|CNS|PA|PA-C)\b"
MEDICARE = "medicare-b"
"""The shipped profile that a claim filed as Medicare Part B (claim_filing MB) falls back to."""


def lines(tables: Tables, facts: Facts) -> pd.DataFrame:
    """Claim lines with code facts (`code_known`), payer profile (`payer_known`), modifier flags, discipline
    (`discipline_known`: a practitioner or a note tells it), `by_physician`, `told_again`, `rival_claims` (`again`),
    `counting` (units that count in the day: none where the line is told again), `day` (a number shared by all lines
    of one patient, discipline and date of service), `claim` and `claim_day` (numbers shared by the lines of one claim,
    and of one claim and day). `assistant_modifier` is about CO: "none" where the line is no
    occupational therapy."""
    rows = in_order(tables.claims, ["claim_id", "line_number"])
    rows = with_facts(rows, facts["codes"], CODE_FACTS, on="procedure_code", key="code")
    rows = rows.rename(columns={"known": "code_known"})
    rows["service"] = service_of(rows["procedure_code"])
    rows = _with_modifiers(rows)
    rows = _with_profile(rows, tables, facts)
    rows = _with_discipline(rows, tables)
    rows["told_again"] = told_again(rows)
    rows["rival_claims"] = rivals_of(rows)
    rows["counting"] = rows["units"].where(rows["told_again"] == "", 0)
    rows["by_physician"] = by_physician(tables, rows["rendering_npi"])
    is_therapy = (rows["discipline"] == "OT") & (rows["therapy_class"] != "none")
    rows["assistant_modifier"] = rows["assistant_modifier"].where(is_therapy, "none")
    rows["day"] = rows.groupby(DAY, sort=True, dropna=False).ngroup().astype("Int64")
    rows["claim"] = pd.factorize(rows["claim_id"])[0]
    rows["claim_day"] = rows["claim"] * len(rows) + rows["day"].astype("int64")
    return rows


def service_of(code: pd.Series[str]) -> pd.Series[str]:
    return code.mask(code.isin(COGNITIVE), COGNITIVE_SERVICE)


def discipline_of(tables: Tables, npi: pd.Series[str]) -> pd.Series[str]:
    """OT, PT or SLP as the providers table says, "" where it does not."""
    known = tables.providers.drop_duplicates("npi").set_index("npi")["discipline"]
    return told_of(npi, known)


def by_physician(tables: Tables, npi: pd.Series[str]) -> pd.Series[bool]:
    """Whether the providers table gives the practitioner a credential of physicians and their like."""
    named = tables.providers.drop_duplicates("npi").set_index("npi")["credential"].str.upper().str.replace(".", "")
    known = named.str.contains(PHYSICIAN, regex=True) & ~named.str.contains(r"\b(?:M?OTR?L?|OTD|C?OTAL?)\b", regex=True)
    return npi.isin(known.index[known])


def with_note(rows: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Each line's own note (`note_id`, "" when there is none) and `notes_of_day`, their number.

    Of the notes of its day: the one that names its claim, else one that `belongs` to it too; of several the one by its
    rendering practitioner, then the one that lists its code.
    """
    result = rows.copy(deep=False)
    told = linked.loc[linked["day"].notna(), ["day", "note", "claim_id"]]
    lines = pd.DataFrame({"line": np.arange(len(rows)), "day": rows["day"].to_numpy(), "own": rows["claim_id"].array})
    found = lines.merge(told, on="day")
    found["named"] = found["claim_id"] == found["own"]
    found = found[belongs(found["claim_id"], found["own"], rows)]
    several = found["line"].duplicated(keep=False)
    best = _best(found.loc[several, ["line", "note", "named"]], rows, linked, services)
    first = pd.concat([found.loc[~several, ["line", "note"]], best])
    note = np.full(len(rows), -1)
    note[first["line"]] = first["note"]
    result["note_id"] = linked["note_id"].array.take(note, allow_fill=True, fill_value="")
    result["notes_of_day"] = sums_for(rows["day"], np.ones(len(told)), told["day"])
    return result


def _best(found: pd.DataFrame, rows: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Of several notes of a line the one of `with_note`: `line` and `note`, their places in `rows` and `linked`."""
    line, note = found["line"].to_numpy(), found["note"].to_numpy()
    by_same = rows["rendering_npi"].take(line).array == linked["rendering_npi"].take(note).array
    service = rows["service"].take(line).array
    of_these = services.loc[services["note"].isin(found["note"]), ["note", "service"]]
    asked = pd.MultiIndex.from_arrays([found["note"], service])
    found = found.assign(by_same=by_same, listed=asked.isin(pd.MultiIndex.from_frame(of_these)))
    order = {"line": True, "named": False, "by_same": False, "listed": False, "note": True}
    ordered = found.sort_values(list(order), ascending=list(order.values()))
    return ordered.drop_duplicates("line")[["line", "note"]]


def _with_modifiers(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `modifiers` (in one text) and what they say; each combination is looked at once."""
    number = group_numbers(*(rows[name] for name in MODIFIERS))
    each = [*zip(*(rows[name].array.take(firsts(number)) for name in MODIFIERS), strict=True)]
    texts = pd.array([re.sub(" +", " ", " ".join(cells)).strip() for cells in each], dtype="str")
    asked = {f"has_{one.lower()}": {one} for one in ("GO", "GP", "GN", "CO", "CQ", "KX")}
    asked |= {"has_separate": {*SEPARATE}, "parts_a_pair": {*SEPARATE, *BODY_SIDES}}
    told = {name: np.array([not one.isdisjoint(cells) for cells in each], dtype="bool") for name, one in asked.items()}
    return rows.assign(modifiers=spread(texts, number), **{name: has[number] for name, has in told.items()})


def _with_profile(rows: pd.DataFrame, tables: Tables, facts: Facts) -> pd.DataFrame:
    own = tables.payers.assign(
        effective_from=tables.payers["effective_from"].fillna(EARLIEST),
        effective_to=tables.payers["effective_to"].fillna(LATEST),
    )
    columns = ["payer_id", *PROFILE, "effective_from", "effective_to"]
    shipped = facts["payers"][~facts["payers"]["payer_id"].isin(own["payer_id"])]
    profiles = pd.concat([own[columns], shipped[columns]], ignore_index=True)
    named = rows["payer_id"].isin(profiles["payer_id"])
    rows = rows.assign(profile_id=rows["payer_id"].mask(~named & (rows["claim_filing"] == "MB"), MEDICARE))
    result = with_facts(rows, profiles, PROFILE, on="profile_id", key="payer_id")
    result["unit_method"] = result["unit_method"].mask(result["unit_method"] == "", "unknown")
    return result.rename(columns={"known": "payer_known"})


def _with_discipline(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The practitioner's discipline, else that of the note by the same person (or for the claim), else the
    modifier's, else OT."""
    result = rows.copy(deep=False)
    found = discipline_of(tables, rows["rendering_npi"])
    told = tables.notes.loc[tables.notes["discipline"] != "", [*DAY, "rendering_npi", "claim_id"]]
    for key in (["patient_id", "service_date", "rendering_npi"], ["patient_id", "service_date", "claim_id"]):
        if (found == "").any():
            found = filled(found, rows, told[told[key[-1]] != ""], key)
    known = found != ""
    if not known.all():
        found = found.where(known, _by_modifier(rows))
        found = found.mask(found == "", "OT")
    result["discipline_known"], result["discipline"] = known, found.astype(SHARED)
    return result


def _by_modifier(rows: pd.DataFrame) -> pd.Series[str]:
    """The discipline that the only discipline modifier names; without any, CQ is physical therapy's."""
    found = for_all("", rows)
    number = rows[["has_go", "has_gp", "has_gn"]].sum(axis=1)
    for modifier, discipline in (("go", "OT"), ("gp", "PT"), ("gn", "SLP")):
        found = found.mask(rows[f"has_{modifier}"] & (number == 1), discipline)
    return found.mask((number == 0) & rows["has_cq"] & ~rows["has_co"], "PT")


def in_order(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """`rows` by `key`, numbered anew; those that are in order already are not sorted again."""
    same = np.ones(max(len(rows) - 1, 0), dtype="bool")
    for name in key:
        cells = rows[name].to_numpy()
        if (same & ~(cells[:-1] <= cells[1:])).any():
            return rows.sort_values(key, ignore_index=True)
        same &= cells[:-1] == cells[1:]
    return rows.reset_index(drop=True)


def those(rows: pd.DataFrame, which: pd.Series[bool]) -> pd.DataFrame:
    """`rows[which]`; a wide table is not copied where that is all of it, or none."""
    if which.all():
        return rows.copy(deep=False)
    return rows[which] if which.any() else rows[:0]


def agreed(rows: pd.DataFrame, told: pd.DataFrame, key: list[str], column: str) -> pd.Series[Any]:
    """What the rows of `told` that share `key` with a row say in `column`, where they all agree; else null."""
    said = told[[*key, column]].drop_duplicates()
    said = said[~said.duplicated(key, keep=False)]
    return rows[key].merge(said, on=key, how="left", validate="m:1")[column].set_axis(rows.index)


def filled(found: pd.Series[str], rows: pd.DataFrame, told: pd.DataFrame, key: list[str]) -> pd.Series[str]:
    """Disciplines `found` for `rows`, where they are "" as `told` agrees by `key`."""
    lacking = found[found == ""]
    if lacking.empty:
        return found
    return found.where(
        found != "", agreed(rows.loc[lacking.index], told, key, "discipline").reindex(found.index)
    ).fillna("")
