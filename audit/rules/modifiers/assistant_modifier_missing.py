from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.units import assistant_modifier_untimed

REQUIRED_FROM = pd.Timestamp("2020-01-01")
TODAYS_RULE_FROM = pd.Timestamp("2022-01-01")
METHODS = {"exact": "the exact share", "percent": "the rounded percent", "minutes": "a tenth plus a minute"}


@rule("MOD-04", grain="service", severity="error", sources=["cms-co-2022", "cms-co-2020"])
def assistant_modifier_missing(services: pd.DataFrame) -> list[pd.DataFrame]:
    """An assistant furnished more than a tenth of the service, but CO is absent.

    Why it matters: Medicare pays 85 % of its share for these units; without CO the claim is overpaid.
    What to do: add CO beside GO to the units the assistant furnished, on a line of their own.
    """
    due = services[(services["service_date"] >= REQUIRED_FROM) & (services["note_count"] > 0)]
    due = due[(due["family"] != "eval") & (due["units"] > 0)]
    asked = due[due["assistant_modifier"] == "required"]
    timed = asked[asked["in_pool"] & asked["parts_known"] & (asked["supported_co"] > asked["co_units"])]
    timed = timed.assign(missing=timed["supported_co"] - timed["co_units"])
    untimed = _untimed(asked[~asked["timed"] & asked["parts_known"] & (asked["co_units"] == 0)])
    unsure = asked[(asked["in_pool"] | ~asked["timed"]) & ~asked["parts_known"] & asked["in_note"]]
    return [
        findings(
            timed,
            expected="CO on {supported_co:unit} of {service}",
            observed="CO on {co_units:unit}",
            because="{service}: therapist {therapist}, assistant {assistant:minute}: {supported_plain:unit} without "
            "CO and {supported_co} with CO are supported; CO stands on {co_units}.",
            severity=_severity(timed),
        ),
        findings(
            untimed,
            expected="CO on {service}",
            observed="no CO",
            because="{service}: the assistant furnished {assistant} of {minutes:minute}, more than a tenth by "
            "{ways}.",
            severity=_severity(untimed).where(untimed["agree"], "warning"),
        ),
        untestable(
            unsure[unsure["co_units"] == 0],
            "The note does not say which minutes the therapist and which the assistant furnished.",
        ),
        untestable(
            due[(due["assistant_modifier"] == "") & (due["supported_co"] > due["co_units"])],
            "An assistant took part; whether this payer requires CO is not on file.",
        ),
    ]


def _severity(rows: pd.DataFrame) -> pd.Series[str]:
    """Before 2022 an older rule held, without today's exceptions: a person decides."""
    today = rows["service_date"] >= TODAYS_RULE_FROM
    return pd.Series("error", index=rows.index, dtype="str").where(today, "warning")


def _untimed(rows: pd.DataFrame) -> pd.DataFrame:
    """Untimed services that need CO by at least one of the three published ways; `agree` when by all."""
    rows = rows[(rows["minutes"] > 0).fillna(False) & (rows["assistant"] <= rows["minutes"]).fillna(False)]
    told = [assistant_modifier_untimed(int(a), int(m)) for a, m in zip(rows["assistant"], rows["minutes"], strict=True)]
    rows = rows.assign(
        ways=[" and ".join(METHODS[way] for way, needed in one.items() if needed) for one in told],
        agree=[len(set(one.values())) == 1 for one in told],
    )
    return rows[rows["ways"] != ""]
