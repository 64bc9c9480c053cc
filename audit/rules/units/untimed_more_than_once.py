from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable


@rule("UNIT-07", grain="service", severity="error", sources=["cms-100-04-ch5-20.2-b"])
def untimed_more_than_once(services: pd.DataFrame) -> list[pd.DataFrame]:
    """A service that is billed once a day, whatever its length, is billed for more units.

    Why it matters: untimed codes stand for the whole service of the day; further units are denied or recouped.
    What to do: bill one unit. (Casts, splints and measurements by body part are not meant here.)
    """
    twice = services[services["units"] > 1]
    twice = twice.assign(excess=twice["units"] - 1)
    return [
        findings(
            twice[twice["once_a_day"] == "yes"],
            expected="1 unit",
            observed="{units:unit}",
            because="{service} ({label}) is billed once a day, whatever its minutes; billed: {units:unit}.",
            change="{service} -{excess}",
        ),
        untestable(
            twice[~twice["code_known"]],
            "{procedure_code} is not on file for this date, so whether it is billed once a day cannot be told; "
            "billed: {units:unit}.|Load facts (codes) with {procedure_code} on this date",
        ),
    ]
