from __future__ import annotations

import pandas as pd

from audit.model import MODIFIERS
from audit.rules import findings, rule, untestable
from audit.rules.modifiers.threshold_modifier_missing import in_dollars

NOTICES = ["GA", "GX", "GY", "GZ"]
NEVER = {
    ("GA", "GZ"): "GA says that a notice of non-coverage was given, GZ that none was",
    ("GX", "GZ"): "GX says that a notice of non-coverage was given, GZ that none was",
    ("GA", "GX"): "GA is for a notice that Medicare requires, GX for one given of own accord",
}
DOUBTFUL = {
    ("GA", "GY"): "GA expects a denial for want of need, GY one because the law excludes the service",
    ("GY", "GZ"): "GZ expects a denial for want of need, GY one because the law excludes the service",
    ("KX", "GZ"): "KX says that the service is needed, GZ that it will be denied as not needed",
}


@rule(
    "MOD-16",
    grain="patient_year",
    severity="error",
    sources=["abn-modifiers", "therapy-modifiers"],
    of_modifiers="looked at",
)
def notice_modifiers_at_odds(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """GA, GX, GY or GZ stand on a Medicare line where they contradict one another, KX, or the service.

    Why it matters: these modifiers decide whether the patient has to pay. GA without a signed notice of non-coverage
    on file charges a patient who owes nothing; with GZ nobody pays.
    What to do: keep the one that the file bears out. GA needs a notice that the patient signed before the service;
    without one, the line is the practice's own loss (GZ). GY is for what Medicare excludes by law.
    """
    said = lines[MODIFIERS].isin(NOTICES).any(axis=1)
    if not said.any():
        return []
    unknown = said & (lines["medicare"] == "")
    rows = lines[said & ~unknown]
    return [
        *(_both(rows, pair, says, "error") for pair, says in NEVER.items()),
        *(_both(rows, pair, says, "warning") for pair, says in DOUBTFUL.items()),
        *_with_threshold(rows[_has(rows, "KX") & _has(rows, "GA")]),
        *_alone(rows),
        untestable(
            lines[unknown],
            "The line carries {modifiers}; whether this payer is Medicare, whose notices these are, is not on file."
            "|Load payers with medicare for this payer and date",
        ),
    ]


def _has(rows: pd.DataFrame, modifier: str) -> pd.Series[bool]:
    return rows[MODIFIERS].isin([modifier]).any(axis=1)


def _both(rows: pd.DataFrame, pair: tuple[str, str], says: str, severity: str) -> pd.DataFrame:
    first, second = pair
    return findings(
        rows[_has(rows, first) & _has(rows, second)],
        expected=f"{first} or {second}, not both",
        observed="{modifiers}",
        because=f"{says}.",
        severity=severity,
        facts_unchecked=severity == "warning",
    )


def _with_threshold(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """KX with GA: at odds below the yearly amount; past it a practice may mean both."""
    told = in_dollars(rows.assign(total=rows["total"] + rows["amount"].fillna(0)))
    past = (told["total"] > told["limit"]).fillna(False).astype("bool")
    open_total = told["limit"].isna() | (told["unpriced"] != "") | told["amount"].isna()
    return [
        findings(
            told[~past & ~open_total],
            expected="KX or GA, not both",
            observed="{modifiers}",
            because="KX says that the service is needed, GA that it will be denied as not needed; by this practice's "
            "claims the year comes to {dollars}, not past the {yearly} above which the two might meet.",
            severity="warning",
            facts_unchecked=True,
        ),
        untestable(
            told[~past & open_total],
            "The line has KX and GA, which contradict each other below the yearly amount; the total of {year} cannot "
            "be worked out.|Load facts (thresholds and fees) for this date",
        ),
    ]


def _alone(rows: pd.DataFrame) -> list[pd.DataFrame]:
    excluded = _has(rows, "GY") & (rows["therapy_class"] == "always")
    return [
        findings(
            rows[excluded],
            expected="no GY on {procedure_code}, unless it was outside the plan of care",
            observed="{modifiers}",
            because="GY says that the law excludes the service from Medicare; {procedure_code} ({label}) under a plan "
            "of care is covered by it.",
            severity="warning",
            facts_unchecked=True,
        ),
        findings(
            rows[_has(rows, "GZ") & ~_has(rows, "GA") & ~_has(rows, "GX")],
            expected="a service that is needed, or a notice given before it",
            observed="{modifiers}",
            because="GZ says that the line will be denied as not needed and that the patient was given no notice: "
            "nobody will pay it.",
            severity="warning",
        ),
        untestable(
            rows[_has(rows, "GA") | _has(rows, "GX")],
            "The line says that the patient was given a notice of non-coverage ({modifiers}); whether it is on file, "
            "signed before the service, cannot be seen in the data."
            "|Mend the claim unless a person finds the signed notice (ABN) in the file: notices cannot be loaded",
        ),
    ]
