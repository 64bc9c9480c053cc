"""Which version of FHIR a resource is written in, found by what only that version has; then validated by it."""

from __future__ import annotations

import importlib
import re
from typing import Any

from audit.intake.fhir.reading import Resource

MODULES = {"STU3": "fhir.resources.STU3", "R4": "fhir.resources.R4B", "R5": "fhir.resources"}
KINDS = ("Claim", "ExplanationOfBenefit", "Composition", "DocumentReference")
STATED = {"/STU3/": "STU3", "|3.": "STU3", "/R4/": "R4", "/R4B/": "R4", "|4.": "R4", "/R5/": "R5", "|5.": "R5"}
ONLY_STU3 = {
    "Claim": ("information", "organization", "employmentImpacted", "hospitalization"),
    "ExplanationOfBenefit": ("information", "organization", "employmentImpacted", "hospitalization", "totalCost"),
    "DocumentReference": ("indexed", "class", "created"),
    "Composition": ("class",),
}
ONLY_R5 = {
    "Claim": ("traceNumber", "event", "encounter", "diagnosisRelatedGroup"),
    "ExplanationOfBenefit": ("traceNumber", "event", "encounter", "decision", "diagnosisRelatedGroup"),
    "DocumentReference": ("attester", "event", "facilityType", "practiceSetting", "period", "bodySite", "modality"),
    "Composition": ("url", "version", "useContext", "name", "note"),
}
LINES_STU3 = ("service", "careTeamLinkId", "diagnosisLinkId", "informationLinkId")
USES_STU3 = ("complete", "proposed", "exploratory", "other")


def version_of(resource: Resource) -> str:
    """STU3, R4 or R5. A resource that could be of several is taken for R4, the commonest."""
    for profile in _list(_dict(resource.get("meta")).get("profile")):
        for mark, version in STATED.items():
            if mark in str(profile):
                return version
    kind = resource["resourceType"]
    if any(name in resource for name in ONLY_STU3.get(kind, ())) or _written_as_stu3(resource):
        return "STU3"
    if any(name in resource for name in ONLY_R5.get(kind, ())) or _written_as_r5(resource):
        return "R5"
    return "R4"


def _written_as_stu3(resource: Resource) -> bool:
    lines = [_dict(item) for item in _list(resource.get("item"))]
    encounter = _dict(resource.get("context")).get("encounter")
    return (
        any(name in line for line in lines for name in LINES_STU3)
        or ("item" in resource and resource.get("use") in USES_STU3)
        or (resource["resourceType"] == "DocumentReference" and isinstance(encounter, dict))
        or any(isinstance(_dict(one).get("mode"), list) for one in _list(resource.get("attester")))
    )


def _written_as_r5(resource: Resource) -> bool:
    content = [_dict(one) for one in _list(resource.get("content"))]
    return (
        any("specialty" in _dict(one) for one in _list(resource.get("careTeam")))
        or (resource["resourceType"] == "DocumentReference" and isinstance(resource.get("context"), list))
        or any("profile" in one for one in content)
        or (resource["resourceType"] == "Composition" and isinstance(resource.get("subject"), list))
        or any(isinstance(_dict(one).get("mode"), dict) for one in _list(resource.get("attester")))
    )


def faults(resource: Resource, version: str) -> list[str]:
    """What breaks the resource's own version of FHIR, in words without any of its values; [] when nothing does."""
    from pydantic import ValidationError  # noqa: PLC0415  loaded only where there is such a file

    kind = resource["resourceType"]
    module = importlib.import_module(f"{MODULES[version]}.{kind.lower()}")
    try:
        getattr(module, kind).model_validate(resource)
    except ValidationError as error:
        told = [_in_words(one["loc"], one["type"]) for one in error.errors(include_input=False, include_url=False)]
        return list(dict.fromkeys(told))
    except RecursionError:
        return ["it is nested too deeply"]
    return []


def _in_words(place: tuple[Any, ...], kind: str) -> str:
    where = ".".join(str(part) if re.fullmatch(r"\w{1,40}", str(part)) else "?" for part in place) or "the resource"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "extra_forbidden":
        return f"{where} is not known"
    return f"{where} does not fit"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
