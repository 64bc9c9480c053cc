from __future__ import annotations

import pandas as pd

from audit.grains.again import REPLACED, SECOND_PAYER
from audit.grains.lines import those
from audit.rules import UNTOLD_MODIFIERS, findings, rule, untestable

SERVICE = ["patient_id", "service_date", "procedure_code", "modifier_set", "rendering_npi"]
REPLACES = {"7": "replaces", "8": "voids"}
"""Frequency codes of a claim that takes the place of an earlier one."""
OTHER = ["claim_id", "line_number", "payer_id"]


@rule("FMT-05", grain="line", severity="error", sources=["duplicate-lines"])
def line_billed_twice(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The same service of one patient, day and practitioner is billed twice, with the same modifiers.

    Why it matters: the second line is denied as a duplicate; if both are paid, one is an overpayment.
    What to do: keep one line, with all its units. If there were two services, say so by a modifier (an assistant's
    part by CO, another finger by F1 to F9, a separate session by XE or 59).
    """
    lines = those(lines, lines["units"] > 0)
    disputed = lines[lines["rival_claims"] != ""].drop_duplicates("claim_id")
    rows = lines.assign(modifier_set=_sorted_modifiers(lines["modifiers"]))
    twice = rows.duplicated(SERVICE, keep=False)
    if not (twice | (rows["told_again"] != "")).any():
        return []
    rows = rows[twice | (rows["told_again"] == REPLACED)]
    rows["does"] = rows["frequency_code"].map(REPLACES).fillna("").astype("str")
    rows["replacing"] = rows["does"] != ""
    rows = rows.sort_values(["replacing", "claim_id", "line_number"], ignore_index=True)
    within = _with_first(rows, [*SERVICE, "claim_id"])
    across = _with_first(rows[~rows.duplicated([*SERVICE, "claim_id"])], SERVICE)
    named = {*across.loc[across["replacing"], "claim_id"], *across.loc[across["replacing"], "first_claim_id"]}
    gone = rows[(rows["told_again"] == REPLACED) & (rows["rival_claims"] == "") & ~rows["claim_id"].isin(named)]
    across["once"] = across["told_again"].map({SECOND_PAYER: " Its units are counted once."}).fillna("").astype("str")
    two_payers = ~across["replacing"] & (across["payer_id"] != across["first_payer_id"])
    untold = [part["modifiers_told"] == "no" for part in (within, across)]
    same = ~across["replacing"] & ~two_payers
    copied = lines[(lines["told_again"] == SECOND_PAYER) & ~lines["claim_id"].isin(across["claim_id"])]
    return [
        findings(
            within[~untold[0]],
            expected="one line",
            observed="lines {first_line_number} and {line_number}",
            because="{procedure_code} stands twice on this claim, on lines {first_line_number} and {line_number}, with "
            "the same date, modifiers and practitioner.",
            change="{procedure_code} -{units}",
        ),
        findings(
            across[same & ~untold[1]],
            expected="one line",
            observed="also claim {first_claim_id}, line {first_line_number}",
            because="{procedure_code} of this date is already billed on claim {first_claim_id}, line "
            "{first_line_number}, with the same modifiers and practitioner.",
            change="{procedure_code} -{units}",
        ),
        findings(
            across[across["replacing"]],
            expected="one of the two claims",
            observed="also claim {first_claim_id}, line {first_line_number}",
            because="Claim {claim_id} {does} an earlier claim (frequency code {frequency_code}), so {procedure_code} "
            "is no duplicate of claim {first_claim_id}, line {first_line_number}, if that is the earlier one: check "
            "that it is, and count only one of the two.",
            severity="warning",
        ),
        findings(
            across[two_payers],
            expected="one payer first",
            observed="also claim {first_claim_id} to {first_payer_id}",
            because="{procedure_code} of this date is billed to {payer_id} here and to {first_payer_id} on claim "
            "{first_claim_id}. That is right only when one of them pays second.{once}",
            severity="warning",
        ),
        findings(
            copied.drop_duplicates("claim_id"),
            expected="one payer first",
            observed="also a claim to another payer",
            because="Claim {claim_id} to {payer_id} bills what another claim bills to another payer, with other "
            "modifiers. That is right only when one of them pays second. Its units are counted once.",
            severity="warning",
        ),
        findings(
            disputed.assign(last=disputed["rival_claims"].str.rsplit(" ", n=1).str[-1]),
            expected="the last of the corrections",
            observed="claims {rival_claims}",
            because="Claims {rival_claims} all correct the same claim, and nothing on file tells which came last: the "
            "units of {last} are counted. Void the others, or let each correction name the one before it.",
            severity="warning",
        ),
        findings(
            gone.drop_duplicates("claim_id"),
            expected="one claim of the two",
            observed="claim {claim_id}",
            because="Claim {claim_id} is replaced or voided by another one on file, or only voids one: its units are "
            "not added to those of the day.",
            severity="info",
        ),
        untestable(pd.concat([within[untold[0]], across[same & untold[1]]]), UNTOLD_MODIFIERS),
    ]


def _with_first(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The rows that repeat an earlier one in `key`, with that one's claim, line and payer as `first_...`."""
    first = rows.drop_duplicates(key)
    first = first[key].join(first[OTHER].add_prefix("first_"))
    return rows[rows.duplicated(key)].merge(first, on=key, how="left", validate="m:1")


def _sorted_modifiers(modifiers: pd.Series[str]) -> pd.Series[str]:
    """The modifiers of each line in one order, each once: their order makes no other service."""
    same = {text: " ".join(sorted(set(text.split()))) for text in modifiers.unique()}
    return modifiers.map(same).astype("str")
