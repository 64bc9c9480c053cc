from __future__ import annotations

import pandas as pd

from audit.grains.courses import initial
from audit.rules import findings, rule, untestable

LONGEST_PAUSE = 90
"""Days without treatment after which no plan of care can still run (a certification covers 90 days at most)."""


@rule("EVAL-06", grain="evaluation_course", severity="error", sources=["ncci-2024q3", "pub-100-02-ch-15-s220-3-c"])
def second_evaluation(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """A day has more than one evaluation of a discipline, or a new evaluation falls into an open episode.

    Why it matters: the evaluation codes exclude one another on a day, and no modifier parts them. While a plan of
    care runs, a change calls for a re-evaluation (97168); a new evaluation is for a new condition or a new plan.
    What to do: keep the one code that the findings support; inside an open episode bill 97168 if its grounds are in
    the note, or load the discharge note or the new plan that closes the earlier episode.
    """
    several = evaluations[~evaluations["alone"]].sort_values(["stands", "line_number"], kind="stable")
    again = initial(evaluations)
    again = again[again["previous_on"].notna() & ~again["discharged"] & ~again["new_plan"]]
    again = again[~again["same_condition"].eq(False).fillna(False)]
    running, told = again["open_plan"] != "", again["same_condition"].notna()
    unsure = ~running & ((again["plans_before"] == 0) | (again["undated_plans"] > 0))
    return [
        findings(
            several.drop_duplicates(["claim_id", "day"]),
            expected="one evaluation code",
            observed="{of_day}",
            because="{of_day} are billed for {service_date:%Y-%m-%d}: a patient has one evaluation of a discipline a "
            "day, and no modifier parts two of them.",
        ),
        findings(
            again[running & told],
            expected="97168, or a new plan or discharge on file",
            observed="{procedure_code} inside plan {open_plan}",
            because="The patient has been in treatment since {previous_on:%Y-%m-%d} at the latest, and plan "
            "{open_plan} still runs on {service_date:%Y-%m-%d}; {procedure_code} starts another episode for the same "
            "condition, and no discharge and no new plan is on file.",
            severity="warning",
        ),
        untestable(
            again[running & ~told],
            "A plan of care still runs on {service_date:%Y-%m-%d}; whether {procedure_code} is for a new condition "
            "cannot be told, because a diagnosis is missing.|Load claims with diagnosis_codes of both evaluations",
        ),
        untestable(
            again[unsure & (again["rested"] <= LONGEST_PAUSE)],
            "The patient was in treatment on {previous_on:%Y-%m-%d} too; nothing on file tells whether that "
            "episode was still open.|Load plans_of_care with start_date and end_date, or notes with the discharge",
        ),
    ]
