from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("FMT-10", grain="filing", severity="error", sources=["icd10cm-guidelines"])
def diagnosis_not_listed(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A diagnosis is not in the ICD-10-CM list of the date's fiscal year, is only a heading, or names no side.

    Why it matters: a diagnosis that is not listed, or not to its last character, makes the payer reject the claim.
    Payers question one that leaves out the side although the list has right and left.
    What to do: look the diagnosis up in the code book of the fiscal year (1 October to 30 September).
    """
    once = lines[(lines["diagnosis_codes"] != "") & ~lines.duplicated(["claim_id", "service_date", "diagnosis_codes"])]
    return [
        findings(
            once[once["unlisted"] != ""],
            expected="codes of the ICD-10-CM list",
            observed="{unlisted}",
            because="Not in the ICD-10-CM list of the date's fiscal year: {unlisted}.",
        ),
        findings(
            once[once["headings"] != ""],
            expected="codes to their last character",
            observed="{headings}",
            because="Not to be billed: {headings}.",
        ),
        findings(
            once[once["unsided"] != ""],
            expected="the side named",
            observed="{unsided}",
            because="Names no side, although the list has right and left: {unsided}.",
            severity="warning",
        ),
        untestable(
            once[~once["diagnoses_covered"]],
            "Only the shape of the diagnoses was checked: no ICD-10-CM list of the date's fiscal year is loaded."
            "|Load facts (diagnoses) with the ICD-10-CM order file of the fiscal year",
        ),
    ]
