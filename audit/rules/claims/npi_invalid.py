from __future__ import annotations

import re

import pandas as pd

from audit.rules import findings, rule, untestable

ROLES = {"rendering_npi": "rendering", "billing_npi": "billing", "referring_npi": "referring"}
PREFIX = "80840"
"""Stands before an NPI when its check digit is worked out: health care in the United States."""


@rule("FMT-01", grain="line", severity="error", sources=["npi-check-digit"])
def npi_invalid(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """An NPI on the claim cannot be one: its digits do not add up.

    Why it matters: a claim with an NPI that does not exist is rejected before anybody reads it.
    What to do: compare the NPI with the registry; most often two digits are swapped or one is mistyped.
    """
    wrong = [
        findings(
            _wrong(lines, column, role),
            expected="a valid {role} NPI",
            observed="{npi}",
            because="The {role} NPI {npi} {fault}.",
        )
        for column, role in ROLES.items()
    ]
    nameless = untestable(
        lines[lines["billing_npi"] == ""],
        "The claim names no billing NPI, so that one could not be checked.|Load claims with billing_npi",
    )
    return [*wrong, nameless]


def _wrong(lines: pd.DataFrame, column: str, role: str) -> pd.DataFrame:
    """The first line of each claim on which an NPI stands that cannot be one, as `npi`, and `fault`."""
    named = lines[lines[column] != ""].drop_duplicates(["claim_id", "patient_id", column])
    named = named.assign(npi=named[column], role=role)
    fault = {npi: _fault(npi) for npi in named["npi"].unique()}
    named["fault"] = named["npi"].map(fault).astype("str")
    return named[named["fault"] != ""]


def _fault(npi: str) -> str:
    """What is wrong with an NPI, "" for nothing. Its last digit is the Luhn check digit of `PREFIX` and the rest."""
    if not re.fullmatch("[0-9]{10}", npi):
        return "is not ten digits long" if re.fullmatch("[0-9]+", npi) else "is not made of ten digits"
    if npi[0] not in "12":
        return f"begins with {npi[0]}; every NPI begins with 1 or 2"
    digits = [int(digit) for digit in reversed(PREFIX + npi)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return "" if (doubled + sum(digits[::2])) % 10 == 0 else "fails its check digit, so at least one digit is wrong"
