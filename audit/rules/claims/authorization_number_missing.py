from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("FMT-08", grain="filing", severity="error", sources=["prior-authorization", "payer-authorizations"])
def authorization_number_missing(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The payer asks for an authorisation number, and the claim bears none.

    Why it matters: the payer denies the claim although the services may have been authorised.
    What to do: write the number of the payer's authorisation on the claim; without one, ask for it before filing.
    """
    bare = lines[(lines["prior_authorization"] == "") & (lines["authorization_rule"] != "no")]
    asked = bare[bare["authorization_rule"] == "required"]
    rest = bare[bare["authorization_rule"] == ""]
    on_file, vague = rest["authorization_on_file"] != "", rest["vague_authorization"] != ""
    return [
        findings(
            asked[asked["authorization_on_file"] == ""],
            expected="the number of an authorisation",
            observed="none",
            because="This payer asks for an authorisation number. The claim bears none, and none is on file for "
            "{procedure_code} on this date.",
        ),
        findings(
            asked[asked["authorization_on_file"] != ""],
            expected="{authorization_on_file}",
            observed="none",
            because="This payer asks for an authorisation number. {authorization_on_file} is on file for "
            "{procedure_code} on this date, but not on the claim.",
        ),
        findings(
            rest[on_file],
            expected="{authorization_on_file}",
            observed="none",
            because="Authorisation {authorization_on_file} is on file for {procedure_code} on this date; the claim "
            "does not name it, and the payer's profile does not say whether it must.",
            severity="warning",
        ),
        untestable(
            rest[~on_file & vague],
            "Authorisation {vague_authorization} is on file without its payer or its dates, so whether it belongs to "
            "this claim is not known.|Load authorizations with payer_id, from_date and to_date",
        ),
        untestable(
            rest[~on_file & ~vague],
            "Whether this payer asks for an authorisation number is not on file."
            "|Load payers with authorization (required or no) for this payer",
        ),
    ]
