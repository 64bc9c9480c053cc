"""Who and what the resources of a file refer to: patients, practitioners, organisations, encounters."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audit.intake.fhir.reading import Resource, resources
from audit.intake.fhir.values import codes, day, identifier, last_part, part, parts, texts

KEPT = ("Patient", "Practitioner", "PractitionerRole", "Organization", "Encounter", "Coverage")
NPI = r"us-npi|2\.16\.840\.1\.113883\.4\.6"


class Context:
    """The resources of files that others refer to, by address, by "Type/id" and by "#id" within a resource."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.known: dict[str, Resource] = {}
        self.claims: set[str] = set()
        """Ids of the claims that come as a Claim, or of which an ExplanationOfBenefit gave the lines already."""
        for path in paths:
            for _, address, resource in resources(path):
                if resource["resourceType"] == "Claim":
                    self.claims.add(claim_id_of(resource))
                if resource["resourceType"] in KEPT:
                    name = f"{resource['resourceType']}/{resource.get('id', '')}"
                    self.known.update({key: resource for key in (address, name) if key})

    def at(self, reference: Any, within: Resource) -> Resource:
        """The resource referred to; {} when it is not in the file."""
        address = str(part(reference).get("reference") or "").partition("/_history/")[0]
        if address.startswith("#"):
            return next((one for one in parts(within.get("contained")) if one.get("id") == address[1:]), {})
        return self.known.get(address) or self.known.get("/".join(address.split("/")[-2:]), {})

    def npi(self, reference: Any, within: Resource) -> str:
        """The NPI of a practitioner or organisation: stated in the reference, or by the resource it leads to."""
        stated = part(reference).get("identifier")
        found = identifier(stated, NPI) or _ten_digits(identifier(stated))
        if found:
            return found
        return identifier(self._person(reference, within).get("identifier"), NPI)

    def _person(self, reference: Any, within: Resource) -> Resource:
        """The resource referred to, or the practitioner whose role that is."""
        other = self.at(reference, within)
        return self.at(other.get("practitioner"), other) if other.get("resourceType") == "PractitionerRole" else other

    def name(self, reference: Any, within: Resource) -> str:
        """Name of a person ("FAMILY, GIVEN") or organisation; else how the reference shows it."""
        name = self._person(reference, within).get("name")
        if isinstance(name, str):
            return name
        return next((person_name(one) for one in parts(name)), "") or str(part(reference).get("display") or "")

    def credential(self, reference: Any, within: Resource) -> str:
        suffixes = [
            word for one in parts(self._person(reference, within).get("name")) for word in texts(one.get("suffix"))
        ]
        return ", ".join(suffixes)

    def patient(self, reference: Any, within: Resource) -> dict[str, str]:
        """Columns of the patient: the id is the last part of the reference, the same in all of a source's files."""
        person = self.at(reference, within)
        stated = identifier(part(reference).get("identifier"))
        return {
            "patient_id": last_part(reference) or stated,
            "patient_name": next((person_name(one) for one in parts(person.get("name"))), ""),
            "patient_birth_date": day(person.get("birthDate")),
        }


def claim_id_of(resource: Resource) -> str:
    """The clinic's own number: of the claim that an ExplanationOfBenefit answers, else the resource's identifier."""
    told = [*parts(resource.get("supportingInfo")), *parts(resource.get("information"))]
    account = next((t.get("valueString") for t in told if "patientaccountnumber" in codes(t.get("category"))), "")
    claim = resource.get("claim") if resource["resourceType"] == "ExplanationOfBenefit" else None
    answered = identifier(part(claim).get("identifier")) or last_part(claim)
    return str(account or answered or identifier(resource.get("identifier")) or resource.get("id") or "")


def person_name(name: Any) -> str:
    said = [str(name.get("family") or ""), " ".join(texts(name.get("given")))]
    return ", ".join(filter(None, said)) or str(name.get("text") or "")


def _ten_digits(value: str) -> str:
    return value if len(value) == 10 and value.isascii() and value.isdigit() else ""
