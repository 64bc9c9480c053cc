from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

REPORTED = ["97750", "97755", "95851", "96125"]
"""Tests and measurements that include a written report of their own."""
COGNITIVE = ["97129", "97130"]
REPORT = r"\breport\b"
NO_REPORT = (
    r"\b(?:no|not|without)\b(?: \w+){0,3} report\b|\breport (?:was |is )?(?:not|never|pending|missing)\b"
    r"|\b(?:self|patient|client|caregiver|family|parent|mother|father|wife|husband|son|daughter|verbal|subjective)"
    r"(?:['’]s)?[- ]report\b|\b(?:per|by|on) report\b"
)
"""What a note calls a report that is none: one that was not made, or what the patient says."""
DEFICIT = (
    r"cogniti|memor|\brecall|attention|executive|problem[- ]solving|judg|orientat|disorient|sequenc|initiat|planning"
    r"|processing|concentrat|impulsiv|confus|dementia|brain injury|concussion|insight|safety awareness|reasoning"
)
NO_DEFICIT = (
    r"\b(?:no|denies|denied|without)(?: \w+){0,2} (?:cogniti\w*|memory|attention\w*|orientation)(?: \w+){0,2}"
    r" (?:deficits?|problems?|impairments?|issues?|loss|decline|concerns?|complaints?)\b"
    r"|\b(?:cogniti\w+|memory|attention|orientation)(?: is| was)? (?:intact|normal|within normal limits|WNL)\b"
)
"""Where a text says that there is no deficit."""
COGNITIVE_DIAGNOSIS = r"\b(?:F0[1-79]|F84|F90|G30|G31|R41|R48|S06|I69\.?\d1|Z87\.?820)"
"""Codes for dementia, brain injury, cognitive signs and symptoms, and cognitive deficits after a stroke."""


@rule("DOC-13", grain="documented_line", severity="warning", sources=["cpt-reports-and-deficits"])
def report_or_deficit_missing(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A test that needs a written report has none, or cognitive training has no cognitive deficit.

    Why it matters: 97750, 97755, 95851 and 96125 include a written report; without it they are not complete. 97129 and
    97130 are paid for a cognitive deficit that the record names.
    What to do: find the report and say in the note where it is; name the deficit that the training is for.
    """
    noted = lines[lines["notes_of_day"] > 0]
    told, silent = noted[noted["text_of_day"] != ""], noted[noted["text_of_day"] == ""]
    tests = told[told["procedure_code"].isin(REPORTED)]
    written = tests["text_of_day"].str.replace(NO_REPORT, " ", case=False, regex=True)
    no_report = tests[~written.str.contains(REPORT, case=False, regex=True)]
    needed = _no_deficit(noted)
    no_deficit = needed[needed["text_of_day"] != ""].drop_duplicates(["claim_id", "day"])
    return [
        findings(
            no_report,
            expected="a written report",
            observed="none named in the note",
            because="{procedure_code} includes a written report; no note of {service_date:%Y-%m-%d} names one.",
        ),
        findings(
            no_deficit,
            expected="a cognitive deficit",
            observed="none named in the note or on the claim",
            because="{procedure_code} is training for a cognitive deficit; neither the notes of "
            "{service_date:%Y-%m-%d} nor the diagnoses of the claim name one.",
        ),
        untestable(
            pd.concat([silent[silent["procedure_code"].isin(REPORTED)], needed[needed["text_of_day"] == ""]]),
            "No text of the notes of {service_date:%Y-%m-%d} is on file, so whether they name what {procedure_code} "
            "needs cannot be told.|Load notes with text",
        ),
    ]


def _no_deficit(lines: pd.DataFrame) -> pd.DataFrame:
    """Cognitive training of which neither the day's text nor the claim's diagnoses name a deficit."""
    rows = lines[lines["procedure_code"].isin(COGNITIVE)]
    diagnosed = rows["diagnosis_codes"].str.contains(COGNITIVE_DIAGNOSIS, case=False, regex=True)
    said = rows["text_of_day"].str.replace(NO_DEFICIT, " ", case=False, regex=True)
    return rows[~diagnosed & ~said.str.contains(DEFICIT, case=False, regex=True)]
