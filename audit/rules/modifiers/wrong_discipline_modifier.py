from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

NAMES = {"OT": "occupational therapy", "PT": "physical therapy", "SLP": "speech-language pathology"}
MODIFIERS = {"OT": "GO", "PT": "GP", "SLP": "GN"}


@rule("MOD-02", grain="line", severity="error", sources=["cms-100-04-ch5-20.1"], of_modifiers="looked at")
def wrong_discipline_modifier(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A line has two discipline modifiers, that of another discipline, or one that its payer refuses.

    Why it matters: a service belongs to one plan of care; GP or GN on occupational therapy puts it under the wrong
    one, and its dollars under the wrong yearly threshold.
    What to do: keep the modifier of the discipline that furnished the service: GO for occupational therapy.
    """
    named = lines[["has_go", "has_gp", "has_gn"]].sum(axis=1)
    one = lines[named == 1]
    right = (
        (one["has_go"] & (one["discipline"] == "OT"))
        | (one["has_gp"] & (one["discipline"] == "PT"))
        | (one["has_gn"] & (one["discipline"] == "SLP"))
    )
    other = one[~right]
    other = other.assign(by=other["discipline"].map(NAMES), right=other["discipline"].map(MODIFIERS))
    return [
        findings(
            lines[named > 1],
            expected="one of GO, GP, GN",
            observed="{modifiers}",
            because="The line carries more than one discipline modifier ({modifiers}).",
        ),
        findings(
            one[one["therapy_modifier"] == "refused"],
            expected="no discipline modifier",
            observed="{modifiers}",
            because="By its profile this payer refuses discipline modifiers; the line says {modifiers}.",
        ),
        findings(
            other[other["therapy_modifier"] != "refused"],
            expected="{right}",
            observed="{modifiers}",
            because="The service was furnished by {by}; the line says {modifiers}.",
        ),
        untestable(
            one[~one["discipline_known"] & ~one["has_go"] & (one["therapy_modifier"] != "refused")],
            "The line says {modifiers}; neither a note nor the list of providers tells whether occupational therapy "
            "furnished the service.|Load providers with discipline of the rendering practitioner",
        ),
    ]
