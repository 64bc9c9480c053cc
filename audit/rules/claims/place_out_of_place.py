from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

FACILITIES = ("19", "21", "22", "31", "51", "61")
"""Places whose facility bills Medicare for therapy itself."""


@rule("FMT-06", grain="filing", severity="error", sources=["cms-place-of-service", "facility-therapy"])
def place_out_of_place(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The place of service is no place, was not in use on the date, or is one whose facility bills therapy itself.

    Why it matters: a claim with a wrong place is rejected, or paid at the wrong rate and asked back.
    What to do: write the place where the patient was (11 clinic, 12 home, 10 by video at home, 02 by video elsewhere).
    """
    told = lines[lines["place_of_service"] != ""]
    listed = told[told["place_period"] != ""]
    covered = listed[listed["places_covered"]]
    placed = covered[(covered["place_setting"] != "") & covered["place_of_service"].isin(FACILITIES)]
    return [
        findings(
            told[told["place_period"] == ""],
            expected="a place of service of two digits",
            observed="{place_of_service}",
            because="{place_of_service} is not in the list of places of service.",
        ),
        findings(
            covered[covered["place_setting"] == ""],
            expected="a place in use on the date",
            observed="{place_of_service}",
            because="Place {place_of_service} is in use {place_period}, not on the date of service.",
        ),
        findings(
            placed[(placed["medicare"] == "yes") & (placed["therapy_class"] != "none")],
            expected="the claim of the facility",
            observed="{place_of_service}",
            because="Place {place_of_service} ({place_label}): there the facility bills Medicare for therapy itself.",
            severity="warning",
            facts_unchecked=True,
        ),
        untestable(
            placed[(placed["medicare"] == "") & (placed["therapy_class"] != "none")],
            "Whether the facility ({place_label}) bills this payer for therapy itself is not on file."
            "|Load payers with medicare (yes or no) for this payer",
        ),
        untestable(
            listed[~listed["places_covered"]],
            "The list of places of service does not hold for this date.|Load facts (places) of this date",
        ),
        untestable(
            lines[lines["place_of_service"] == ""],
            "The claim names no place of service.|Load claims with place_of_service",
        ),
    ]
