"""Claim and ExplanationOfBenefit into the columns of claims.csv, one row an item."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from audit.intake.fhir.adjudications import amounts_of
from audit.intake.fhir.context import Context, claim_id_of
from audit.intake.fhir.reading import Resource
from audit.intake.fhir.values import (
    amount,
    code_in,
    codes,
    codings,
    day,
    dollars,
    identifier,
    last_part,
    one_day,
    part,
    parts,
)
from audit.model import MODIFIERS

Row = dict[str, str]
PROCEDURES = r"hcpcs|ama-assn\.org|/cpt|2\.16\.840\.1\.113883\.6\.(?:12|285)$|HCPCSReleaseCodeSets"
PLACES = r"place[-_]?of[-_]?service|CMSPlaceofService|pos|line_place_of_srvc_cd|ex-serviceplace"
DIAGNOSES = r"icd-?10"
PROFESSIONAL = {"professional", "CARRIER", "71", "72"}
"""Codes of a claim's type: FHIR's own, and those of the Blue Button API of Medicare."""
OTHERS = {
    "institutional": "an institutional claim",
    "pharmacy": "a pharmacy claim",
    "oral": "a dental claim",
    "vision": "a vision claim",
    "PDE": "a pharmacy claim",
    "DME": "a claim for equipment",
    "INPATIENT": "an institutional claim",
    "OUTPATIENT": "an institutional claim",
    "SNF": "an institutional claim",
    "HHA": "an institutional claim",
    "HOSPICE": "an institutional claim",
}
BLUE_BUTTON = "https://bluebutton.cms.gov/"
RENDERING = ("performing", "rendering", "primary")
PHYSICIANS = {"referring": "referring_npi", "supervisor": "supervising_npi", "supervising": "supervising_npi"}
USES = ("claim", "complete")
TIME = r"(?i)s|secs?|seconds?|mins?|minutes?|h|hr|hrs|hours?"
"""Units of a quantity that is time and no number of units, as UCUM and people write them."""


def reason_against(resource: Resource) -> str:
    """Why this is no claim that was submitted for a professional's services; "" when it is one."""
    kinds = set(codes(resource.get("type")))
    # Medicare's outpatient claims call themselves professional besides
    other = next((OTHERS[code] for code in sorted(kinds) if code in OTHERS), "")
    if other or not kinds & PROFESSIONAL:
        return f"this is {other or 'a claim of another kind'}; Countersign reads professional claims"
    if resource.get("use", "claim") not in USES:
        return "this asks what would be paid (preauthorization or predetermination), it bills nothing"
    if resource.get("status", "active") != "active":
        return "the claim is not active (a draft, cancelled, or entered in error)"
    items = parts(resource.get("item"))
    if any(procedure_of(one) for item in items for one in parts(item.get("detail"))):
        return "the claim bills services within an item (detail), which are not read: each needs its own item"
    if any(len(_modifiers(item)) > len(MODIFIERS) for item in items):
        return "an item has more than four modifiers, which no claim line can hold"
    return "" if items else "the claim has no item"


def lines_of(resource: Resource, context: Context) -> list[Row]:
    """A row an item: columns of claims.csv, "" when unknown. A line's own values stand before the claim's."""
    whole = _claim(resource, context)
    team = {one.get("sequence"): one for one in parts(resource.get("careTeam"))}
    places = _diagnosis_places(resource)
    rows = []
    for number, item in enumerate(parts(resource.get("item")), start=1):
        line = {
            "line_number": str(number),
            "place_of_service": code_in(item.get("locationCodeableConcept"), PLACES)
            or next(iter(codes(item.get("locationCodeableConcept"))), ""),
            "service_date": day(item.get("servicedDate")) or one_day(item.get("servicedPeriod")),
            "procedure_code": procedure_of(item),
            "units": _units(item),
            "charge_amount": dollars(_charge(item)),
            "diagnosis_pointers": " ".join(_pointers(item, places)),
            **dict(zip_longest(MODIFIERS, _modifiers(item), fillvalue="")),
            **_providers(item, team, resource, context),
        }
        if not (item.get("servicedDate") or item.get("servicedPeriod")):
            line["service_date"] = one_day(resource.get("billablePeriod"))
        rows.append(whole | {name: value for name, value in line.items() if value or name not in whole})
    return rows


def payer_of(resource: Resource, context: Context) -> Row:
    insurer = resource.get("insurer")
    other = context.at(insurer, resource)
    found = {
        "payer_id": identifier((insurer or {}).get("identifier"))
        or identifier(other.get("identifier"))
        or last_part(insurer),
        "payer_name": context.name(insurer, resource),
    }
    if not found["payer_id"] and any(system.startswith(BLUE_BUTTON) for system, _ in codings(resource.get("type"))):
        return {"payer_id": "medicare-b", "payer_name": "Medicare Part B"}
    return found


def procedure_of(item: dict[str, Any]) -> str:
    """The HCPCS or CPT code of an item; "" when it has none of these."""
    concept = item.get("productOrService") or item.get("service")
    found = code_in(concept, PROCEDURES)
    bare = [code for system, code in codings(concept) if not system and re.fullmatch(r"[A-Z0-9]\d{3}[A-Z0-9]", code)]
    return found or next(iter(bare), "")


def _claim(resource: Resource, context: Context) -> Row:
    provider, organization = resource.get("provider"), resource.get("organization")
    billing = context.npi(organization, resource) or context.npi(provider, resource)
    related = parts(resource.get("related"))
    replaced = next((one for one in related if "prior" in codes(one.get("relationship"))), {})
    told = replaced or next(iter(related), {})
    original = told.get("claim") or {}
    insurance = parts(resource.get("insurance"))
    approved = [*(resource.get("preAuthRef") or []), *[ref for one in insurance for ref in one.get("preAuthRef") or []]]
    return {
        "claim_id": claim_id_of(resource),
        **context.patient(resource.get("patient"), resource),
        **payer_of(resource, context),
        "billing_npi": billing,
        "rendering_npi": context.npi(provider, resource) or billing,
        "rendering_name": context.name(provider, resource),
        "diagnosis_codes": " ".join(_dotted(code) for code in _diagnoses(resource).values()),
        "prior_authorization": str(approved[0]) if approved else "",
        "frequency_code": "7" if replaced and (original or told.get("reference")) else "",
        "original_reference": identifier(original.get("identifier"))
        or last_part(original)
        or identifier(replaced.get("reference")),
    }


def _diagnoses(resource: Resource) -> dict[Any, str]:
    """ICD-10 codes by sequence, in its order."""
    found = {
        one.get("sequence"): code_in(one.get("diagnosisCodeableConcept"), DIAGNOSES)
        for one in parts(resource.get("diagnosis"))
    }
    return {sequence: code for sequence, code in sorted(found.items(), key=lambda pair: pair[0] or 0) if code}


def _diagnosis_places(resource: Resource) -> dict[Any, str]:
    return {sequence: str(place) for place, sequence in enumerate(_diagnoses(resource), start=1)}


def _pointers(item: dict[str, Any], places: dict[Any, str]) -> list[str]:
    told = item.get("diagnosisSequence") or item.get("diagnosisLinkId") or []
    return [places[sequence] for sequence in told if sequence in places]


def _modifiers(item: dict[str, Any]) -> list[str]:
    """Codings of one system in one concept are modifiers each, those of another tell the same again."""
    found: list[str] = []
    for concept in parts(item.get("modifier")):
        told = list(codings(concept))
        found += [code for system, code in told if system == told[0][0]]
    return found


def _units(item: dict[str, Any]) -> str:
    """A number; with what it is a number of where that is time, and with its comparator, for the contract to refuse."""
    told = part(item.get("quantity"))
    value = amount(told)
    if value is None or not value.is_finite():
        return ""
    number = str(int(value)) if value == value.to_integral_value() else str(value)
    of = next((word for name in ("code", "unit") if re.fullmatch(TIME, word := str(told.get(name) or "").strip())), "")
    return f"{told.get('comparator') or ''}{number} {of}".strip()


def _charge(item: dict[str, Any]) -> Decimal | None:
    told = amounts_of(item).get("submitted")
    net = amount(item.get("net"))
    price, quantity = amount(item.get("unitPrice")), amount(item.get("quantity"))
    times = price * quantity if price is not None and quantity is not None and "factor" not in item else None
    return next((value for value in (told, net, times) if value is not None), None)


def _providers(item: dict[str, Any], team: dict[Any, dict[str, Any]], resource: Resource, context: Context) -> Row:
    told = item.get("careTeamSequence") or item.get("careTeamLinkId") or list(team)
    members = [(set(codes(team[one].get("role"))), team[one].get("provider")) for one in told if one in team]
    found: Row = {}
    for roles, provider in members:
        for role in roles & PHYSICIANS.keys():
            found.setdefault(PHYSICIANS[role], context.npi(provider, resource))
    treating = [provider for roles, provider in members if roles & {*RENDERING}]
    if not treating and len(members) == 1 and not members[0][0] & PHYSICIANS.keys():
        treating = [members[0][1]]
    if treating and (npi := context.npi(treating[0], resource)):
        found |= {"rendering_npi": npi, "rendering_name": context.name(treating[0], resource)}
    return found


def _dotted(code: str) -> str:
    plain = code.replace(".", "")
    return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain
