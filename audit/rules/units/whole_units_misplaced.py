from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.rules.units.more_units_than_minutes import unjudged
from audit.texts import joined, told_of


@rule("UNIT-03", grain="service", severity="warning", sources=["cms-100-04-ch5-20.2"])
def whole_units_misplaced(services: pd.DataFrame) -> list[pd.DataFrame]:
    """A service of 15 minutes or more is billed for fewer units than its own whole quarters of an hour.

    Why it matters: 15 minutes of a service earn it a unit, 30 minutes two; another code has taken what this
    one earned, and the codes may be paid differently.
    What to do: move the unit to the code whose minutes earned it.
    """
    pool = services[services["in_pool"] & (services["method"] == "total") & (services["codes_of_day"] > 1)]
    known = pool[pool["minutes_known"] == "per_code"]
    taking = known[(known["units"] > known["most"]) & ~known["day_fits"]]
    taking = taking.drop_duplicates(["day", "service"])
    known = known[known["day"].isin(taking["day"])]
    known = known.assign(takers=told_of(known["day"], joined(taking["service"], taking["day"], ", ")))
    known = known.assign(alone=known["minutes"] - known["shared_minutes"])
    unbilled = known[(known["passed_over"] != "") & (known["units"] > known["most"])]
    return [
        findings(
            known[known["units"] < known["whole_alone"]],
            expected="at least {whole_alone:unit} of {service}",
            observed="{units:unit}",
            because="{service} has {alone:minute}, which earn it {whole_alone:unit}; billed: {units}. More than its "
            "own minutes allow is billed of {takers}.",
            change="{change}",
        ),
        findings(
            unbilled.drop_duplicates(["claim_id", "day"]),
            expected="units of {passed_over}",
            observed="{billed}",
            because="Not billed at all: {passed_over}, although 15 minutes earn a unit. More than its own minutes "
            "allow is billed of {takers}.",
            change="{change}",
        ),
        *unjudged(pool),
    ]
