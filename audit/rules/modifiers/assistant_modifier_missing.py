from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.shared_text import for_all
from audit.texts import first_true
from audit.units import UNIT, assistant_modifier_untimed

REQUIRED_FROM = pd.Timestamp("2020-01-01")
TODAYS_RULE_FROM = pd.Timestamp("2022-01-01")
METHODS = {"exact": "the exact share", "percent": "the rounded percent", "minutes": "a tenth plus a minute"}
OLDER_RULE = " The rule of 2020 and 2021 held on this date, without today's exceptions: a person decides."
PARTS = ["therapist_minutes", "assistant_minutes", "together_minutes"]
UNCLEAR = {
    "no_note": "There is no note for this day, so nothing says whether an assistant took part."
    "|Load notes with the note of this day, and note_services with therapist_minutes and assistant_minutes",
    "contradicting": "{service}: the note gives {minutes:minute}, but those of therapist and assistant do not add up "
    "to them."
    "|Load note_services with minutes that are the sum of therapist_minutes, assistant_minutes and together_minutes",
    "not_said": "{service}: the note does not say which minutes the therapist and which the assistant furnished."
    "|Load note_services with therapist_minutes and assistant_minutes, and notes with author_credential",
    "not_on_file": "An assistant took part in {procedure_code}, which is not on file for this date."
    "|Load facts (codes) with {procedure_code} on this date",
    "incomplete": "An assistant took part in {service}; the units of this day cannot be divided, because other "
    "services have no minutes or are not on file."
    "|Load note_services with minutes of every service of this day",
    "mixed": "{service}: therapist and assistant both furnished it; how CO divides its units is not on file."
    "|Load note_services with {service} furnished by one person, or let a person decide: no rule divides it",
}


@rule("MOD-04", grain="service", severity="error", sources=["cms-co-2022", "cms-co-2020"], of_modifiers="missed")
def assistant_modifier_missing(services: pd.DataFrame) -> list[pd.DataFrame]:
    """An assistant furnished more than a tenth of the service, but CO is absent.

    Why it matters: Medicare pays 85 % of its share for these units; without CO the claim is overpaid. (Critical access
    hospitals are spared the cut, not the modifier.)
    What to do: add CO beside GO to the units the assistant furnished, on a line of their own.
    """
    asked_for = services["assistant_modifier"].isin(["required", ""]) & (services["service_date"] >= REQUIRED_FROM)
    due = with_shares(services[asked_for & (services["co_units"] < services["units"])])
    clear = due[due["unclear"] == ""]
    missing = pd.concat([_whole_visits(clear), _pooled(clear), _others(clear)], ignore_index=True)
    missing = missing.assign(lacking=missing["due"] - missing["co_units"])
    asked = missing[missing["assistant_modifier"] == "required"]
    return [
        findings(
            asked,
            expected="CO on {due:unit} of {service}",
            observed="CO on {co_units:unit}",
            because="{service}: {says}{older}",
            change="{service} CO +{lacking}",
            severity=asked["weight"],
        ),
        untestable(
            missing[missing["assistant_modifier"] == ""],
            "An assistant took part in {service}; whether this payer requires CO on this date is not on file."
            "|Load payers with assistant_modifier for this payer and date",
        ),
        *unjudged(due),
    ]


def unjudged(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """What cannot be told of rows as `with_shares` gives them, and why."""
    rows = rows[rows["unclear"] != ""]
    return [untestable(rows[rows["unclear"] == name], why) for name, why in UNCLEAR.items() if len(rows)]


def with_shares(services: pd.DataFrame) -> pd.DataFrame:
    """Billed services (no evaluations) with `unclear` (a key of UNCLEAR, or ""), `whole_visit` (only totals are known;
    the author of all notes furnished them), and `supported_plain`, `supported_co`, `weight` and `older` by the rule
    that held on the date."""
    rows = services[services["family"] != "eval"].copy()
    rows["whole_visit"] = rows["parts_known"] & rows[PARTS].isna().any(axis=1)
    today = rows["service_date"] >= TODAYS_RULE_FROM
    plain, co = rows["therapist"] // UNIT, rows["assistant"] // UNIT
    rest, other = rows["therapist"] % UNIT, rows["assistant"] % UNIT
    allotted = rows["supported_plain"] + rows["supported_co"]
    older = co + (10 * other > rest + other) * (allotted - plain - co)
    by_today = today | rows["whole_visit"]
    rows["supported_co"] = rows["supported_co"].where(by_today, older)
    rows["supported_plain"] = rows["supported_plain"].where(by_today, allotted - older)
    rows["weight"] = for_all("error", rows).where(today, "warning")
    rows["older"] = for_all("", rows).where(today, OLDER_RULE)
    return rows.assign(unclear=_unclear(rows))


def _unclear(rows: pd.DataFrame) -> pd.Series[str]:
    """Why the share of the two cannot be told, "" where it can; without an assistant there is nothing to tell."""
    said = rows[PARTS[0]] + rows[PARTS[1]] + rows[PARTS[2]]
    took_part = ~rows["whole_visit"] & (rows["assistant"] > 0)
    partly = rows["co_units"].between(1, rows["units"] - 1)
    placed = rows["minutes_known"].isin(["per_code", "contradicting"])
    reasons = {
        "no_note": rows["note_count"] == 0,
        "contradicting": (said != rows["minutes"]).fillna(False).astype(bool),
        "not_said": ~rows["parts_known"],
        "not_on_file": (rows["label"] == "") & took_part,
        "incomplete": took_part & rows["in_pool"] & ~placed,
        "mixed": took_part & ~rows["in_pool"] & (rows["therapist"] > 0) & (rows["timed"] | partly),
    }
    return first_true(reasons, "")


def persons(rows: pd.DataFrame) -> pd.Series[str]:
    """Who gave how many minutes, in words."""
    together = rows["together_minutes"].fillna(0).astype("int64").astype("str")
    text = "therapist " + rows["therapist"].astype("str") + " min"
    text = text.where(together == "0", text + " (" + together + " together with the assistant)")
    text += ", assistant " + rows["assistant"].astype("str") + " min"
    return text.mask(rows["whole_visit"] & rows["therapists_only"], "the notes of this day are all a therapist's")


def _whole_visits(rows: pd.DataFrame) -> pd.DataFrame:
    whole = rows[rows["whole_visit"] & (rows["supported_co"] > rows["co_units"])]
    says = "the notes of this day are all an assistant's and name no minutes of a therapist for it."
    return whole.assign(due=whole["units"], says=says)


def _pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """Where more units stand without CO than the therapist furnished. Too few units billed is another matter."""
    pool = rows[rows["in_pool"] & ~rows["whole_visit"]]
    due = pool["supported_co"].clip(upper=pool["units"] - pool["supported_plain"])
    pool = pool.assign(due=due)[due > pool["co_units"]]
    counts = pool[["supported_plain", "supported_co", "co_units"]].astype("str")
    shares = " support " + counts["supported_plain"] + " without CO and " + counts["supported_co"] + " with CO"
    return pool.assign(says=persons(pool) + shares + "; CO stands on " + counts["co_units"] + ".")


def _others(rows: pd.DataFrame) -> pd.DataFrame:
    """Services outside the 15-minute pool: the timed ones an assistant gave alone, the untimed ones by share."""
    rows = rows[~rows["in_pool"] & ~rows["whole_visit"] & (rows["assistant"] > 0)]
    alone = rows[rows["timed"] & (rows["therapist"] == 0)]
    alone = alone.assign(says="the assistant furnished all " + alone["minutes"].astype("str") + " minutes.")
    untimed = with_ways(rows[~rows["timed"] & (rows["co_units"] == 0)])
    untimed = untimed[untimed["ways"] != ""]
    untimed["weight"] = untimed["weight"].where(untimed["against"] == "", "warning")
    found = pd.concat([alone, untimed], ignore_index=True)
    return found.assign(due=found["units"].where(found["therapist"] == 0, 1))


def with_ways(rows: pd.DataFrame) -> pd.DataFrame:
    """Untimed services with `ways` and `against`: the published methods that ask for CO, and those that do not."""
    rows = rows[(rows["minutes"] > 0).fillna(False)]
    told = [assistant_modifier_untimed(int(a), int(m)) for a, m in zip(rows["assistant"], rows["minutes"], strict=True)]
    for name, wanted in (("ways", True), ("against", False)):
        said = [" and ".join(METHODS[way] for way, needed in one.items() if needed is wanted) for one in told]
        rows = rows.assign(**{name: pd.Series(said, index=rows.index, dtype="str")})
    share = "the assistant furnished " + rows["assistant"].astype("str") + " of " + rows["minutes"].astype("str")
    agreed = share + " minutes, more than a tenth: CO is due."
    disputed = share + " minutes: CO is due by " + rows["ways"] + ", but not by " + rows["against"] + "."
    return rows.assign(says=agreed.where(rows["against"] == "", disputed + " Keep to one method."))
