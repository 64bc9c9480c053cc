from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.texts import contains

PRIVATE_PRACTICE = "11"
"""Place of service office. Other settings have supervision rules of their own and are not judged."""
TRICARE = "tricare"
"""What the id or the name of the payer holds that asks for direct supervision to this day."""
PRESENT = r"\b(?:direct supervision|on[- ]?site|in the (?:suite|clinic|building|office) (?:throughout|during))\b"
SOURCES = ["getpowerback-cy2025-proposed-rule-finalisation-f", "tricare-manual"]


@rule("DOC-11", grain="documented_line", severity="warning", sources=SOURCES)
def supervision_not_shown(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """An assistant treated in a private practice, and nothing shows that the therapist was there.

    Why it matters: until the end of 2024 Medicare paid an assistant's services in private practice only when the
    therapist was in the suite (direct supervision); TRICARE still asks for it. Some states do too.
    What to do: look up in the schedule who was in the suite that day, and have it noted; else do not bill the service.
    """
    assistant = lines[lines["has_co"] | (lines["own_author"] == "assistant")]
    direct = (assistant["medicare"] == "yes") & ~assistant["general_supervision"]
    named = assistant["payer_id"].str.cat(assistant["payer_name"], sep=" ").str.contains(TRICARE, case=False)
    rows = assistant[direct | named].drop_duplicates(["claim_id", "day"])
    seen = rows["therapist_seen"] | contains(rows["text_of_day"], PRESENT)
    office, unknown = rows["place_of_service"] == PRIVATE_PRACTICE, rows["place_of_service"] == ""
    return [
        findings(
            rows[office & ~seen],
            expected="a therapist in the suite on {service_date:%Y-%m-%d}",
            observed="only an assistant named",
            because="An assistant treated in a private practice on {service_date:%Y-%m-%d}, when this payer asked for "
            "direct supervision; the notes of the day show no therapist.",
        ),
        untestable(
            rows[unknown & ~seen],
            "An assistant treated on {service_date:%Y-%m-%d}; the claim does not say where, so whether direct "
            "supervision was needed cannot be told.|Load claims with place_of_service",
        ),
        untestable(
            assistant[~named & (assistant["medicare"] == "") & ~assistant["general_supervision"]],
            "Which supervision of assistants this payer asked for on {service_date:%Y-%m-%d} is not on file."
            "|Load payers with medicare (yes or no) for this payer and date",
        ),
    ]
