from __future__ import annotations

import pandas as pd

from audit.model import MODIFIERS
from audit.rules import findings, rule, untestable
from audit.texts import combinations

BEGAN = pd.Timestamp("2018-01-01")
"""First date of 96 and 97."""


@rule("MOD-21", grain="filing", severity="warning", sources=["therapy-modifiers", "hcpcs-modifier-list",
                                                            "modifiers-96-97"], of_modifiers="looked at")  # fmt: skip
def modifier_not_in_use(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A modifier is unknown, was not in use on the date, stands twice, or does not belong on the line.

    Why it matters: a line with a modifier that the payer cannot read is rejected, or is read without it.
    What to do: correct the modifier. SZ became 96 in 2018. AT belongs to chiropractors; 96 (a skill never had) and 97
    (a skill regained) exclude each other. Some payers ask for one of them: say so in the payer's profile.
    """
    said = combinations(
        lines[MODIFIERS],
        {
            "crowded": lambda cells: cells.apply(lambda one: one.str.contains(" ", regex=False)).any(axis=1),
            "both": lambda cells: cells.isin(["96"]).any(axis=1) & cells.isin(["97"]).any(axis=1),
            "either": lambda cells: cells.isin(["96", "97"]).any(axis=1),
            "chiropractic": lambda cells: cells.isin(["AT"]).any(axis=1),
        },
    )
    crowded, both, either, chiropractic = (said[name] for name in said)
    covered = lines["modifiers_covered"]
    asked = (lines["habilitative_modifier"] == "required") & (lines["service_date"] >= BEGAN)
    bare = lines[asked & ~either & (lines["discipline"] == "OT") & lines["code_known"]]
    return [
        findings(
            lines[(lines["strange_modifiers"] != "") & covered],
            expected="a modifier that is in use",
            observed="{modifiers}",
            because="Not on the list of modifiers of therapy claims: {strange_modifiers}.",
        ),
        findings(
            lines[(lines["lapsed_modifiers"] != "") & covered],
            expected="a modifier in use on this date",
            observed="{modifiers}",
            because="Not in use on this date: {lapsed_modifiers}.",
        ),
        findings(
            lines[lines["repeated_modifiers"] != ""],
            expected="each modifier once",
            observed="{modifiers}",
            because="On the line more than once: {repeated_modifiers}.",
        ),
        findings(
            lines[crowded],
            expected="at most four modifiers, each in a column of its own",
            observed="{modifiers}",
            because="The line holds its modifiers in a form that no payer reads ({modifiers}): a line has room for "
            "four, one in each column.",
        ),
        findings(
            lines[chiropractic & (lines["discipline"] == "OT")],
            expected="no AT",
            observed="{modifiers}",
            because="AT says active treatment by a chiropractor; this line is occupational therapy.",
        ),
        findings(
            lines[both],
            expected="96 or 97",
            observed="{modifiers}",
            because="96 says that the skill was never had, 97 that it is regained; one line cannot be both.",
        ),
        findings(
            bare,
            expected="96 or 97",
            observed="{modifiers}",
            because="This payer asks on every therapy line for 96 (a skill never had) or 97 (a skill regained); "
            "{procedure_code} has neither.",
            severity=pd.Series("error", index=bare.index).mask(bare["family"] == "eval", "warning"),
        ),
        findings(
            lines[either & (lines["habilitative_modifier"] == "none")],
            expected="neither 96 nor 97",
            observed="{modifiers}",
            because="This payer does not take 96 and 97; the line has one.",
        ),
        untestable(
            lines[((lines["strange_modifiers"] != "") | (lines["lapsed_modifiers"] != "")) & ~covered],
            "The list of modifiers on file does not reach back to this date: {modifiers} cannot be looked up."
            "|Load facts (modifiers) for this date",
        ),
    ]
