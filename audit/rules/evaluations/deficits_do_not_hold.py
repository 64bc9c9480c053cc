from __future__ import annotations

import re

import pandas as pd

from audit.evaluations import NO_DEFICITS, NOT_STATED, NUMBER, ONE_NUMBER, as_number, count_deficits, folded
from audit.rules import findings, rule, untestable
from audit.rules.evaluations.level_above_findings import readable, unread, with_level

LISTED = re.compile(r"\bdeficits?\b[^:.;\n]{0,40}:\s*([^\n]+?)(?:\.(?:\s|$)|\n|$)", re.IGNORECASE)
"""Deficits listed in the text of a note: "Performance deficits: grip; pinch." """
CLAIMED = re.compile(rf"\b{NUMBER}\s+(?:\w+\s+)?deficits\b(?!\s*:)", re.IGNORECASE)
FILLERS = {"of", "the", "a", "an", "in", "with", "and", "to", "for", "on", "reduced", "impaired", "decreased", "poor"}
"""Words that change nothing in the name of a deficit: "reduced grip strength" is "strength of grip"."""
STEMS = """
dress undress bath shower groom feed eat meal food toilet hygien shav brush hair wash cook kitchen jar utensil
clean laundr vacuum mopping shop money medicat tablet keyboard handwrit driv occupation school playground
leisure hobb garden sleep transfer stair walk button zip sock shoe shirt caregiv childcare communit church
choir social famil friend homemak housekeep household chore routine self-care participat attend appointment
crowd repair telephone lift carr
"""
WHOLE = r"""
cups? knife cut cutting pour broom bills? pay paying coins? pills? phone calls? write writing pencil type
typing car bus crossings? work working jobs? class play playing games? sports? sew sewing read reading bed
chairs? doors? keys? reach reaching push pushing pull pulling open opening hold holding fasten belt tie tying
desk lunch paper stove shelf tray kettle ADLs? IADLs?
"""
ACTIVITY = (
    rf"\b(?:{'|'.join(STEMS.split())})|\b(?:{'|'.join(WHOLE.split())})\b"
    r"|\bdaily (?:living|life|tasks?|activit)|\bself care\b"
)
"""Words for what people do in a day, the first by how they begin. A deficit counts when it limits one of these."""


@rule("EVAL-05", grain="evaluation", severity="warning", sources=["aota-performance-deficits"])
def deficits_do_not_hold(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """Performance deficits of the evaluation do not hold: counted twice, fewer than claimed, or tied to no activity.

    Why it matters: the number of deficits carries the level. A deficit counts once, has to be named, and is one only
    when it limits an activity or keeps somebody from taking part.
    What to do: read the evaluation; count the deficits that stand, and bill the level that they support.
    """
    levels = with_level(evaluations)
    stated = ~levels["performance_deficits"].map(folded).isin(NOT_STATED)
    rows = levels[readable(levels) & stated]
    told = rows.join(_told(rows)[["twice", "named", "claimed", "untied"]])
    twice, fewer = told["twice"] != "", (told["named"] < told["claimed"]).fillna(False).astype("bool")
    named = told["named"].notna()
    bare = ~named & (told["claimed"] > 0).fillna(False).astype("bool")
    return [
        findings(
            told[twice],
            expected="each deficit once",
            observed="{twice}",
            because="The evaluation lists the same deficit more than once: {twice}. It counts once.",
        ),
        findings(
            told[fewer & ~twice],
            expected="{claimed:deficit} named",
            observed="{named} named",
            because="The evaluation claims {claimed:deficit}; {named} are named.",
        ),
        findings(
            told[told["untied"] != ""],
            expected="each deficit with the activity that it limits",
            observed="{untied}",
            because="The text of the evaluation names no activity that is limited by: {untied}. An impairment alone is "
            "no performance deficit.",
        ),
        *unread(levels),
        untestable(
            levels[readable(levels) & ~stated],
            "The evaluation does not state its performance deficits.|Load notes with performance_deficits",
        ),
        untestable(
            told[bare],
            "The evaluation gives the number of deficits ({claimed}) but names none, so whether each of them holds "
            "cannot be told.|Load notes with performance_deficits as a list parted by ;",
        ),
        untestable(
            told[~named & told["claimed"].isna()],
            "The evaluation gives its deficits as {performance_deficits}, which is neither a number nor a list, so "
            "whether each of them holds cannot be told.|Load notes with performance_deficits as a list parted by ;",
        ),
        untestable(
            told[named & (told["text"] == "")],
            "No text of the evaluation is on file, so whether each deficit limits an activity cannot be told."
            "|Load notes with text",
        ),
    ]


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    """`twice`: deficits that repeat another, in words; `named`: how many different ones are named, `claimed`: how
    many the note says there are (both <NA> where it does not say); `untied`: those without an activity."""
    said = [_one(deficits, text) for deficits, text in zip(rows["performance_deficits"], rows["text"], strict=True)]
    told = pd.DataFrame(said, columns=["twice", "named", "claimed", "untied"], index=rows.index)
    return told.astype({"twice": "str", "named": "Int64", "claimed": "Int64", "untied": "str"})


def _one(deficits: str, text: str) -> tuple[str, int | None, int | None, str]:
    count = count_deficits(deficits)
    in_field = _parts(deficits) if ";" in deficits else []
    numbered = deficits.strip()[0].isdigit() or re.fullmatch(ONE_NUMBER, folded(deficits))
    single = [] if ";" in deficits or numbered else _parts(deficits)
    listed = in_field or _in_text(text) or single
    different = {_key(one) for one in listed}
    repeated = [one for n, one in enumerate(in_field) if _key(one) in {_key(other) for other in in_field[:n]}]
    number = CLAIMED.search(text)
    claimed = as_number(number[1]) if number else (None if in_field else count)
    named = len(different) if listed else None
    return "; ".join(repeated), named, claimed, "; ".join(_untied(in_field or single, text))


def _parts(deficits: str) -> list[str]:
    return [part.strip(" .") for part in deficits.split(";") if folded(part) not in (*NOT_STATED, *NO_DEFICITS)]


def _in_text(text: str) -> list[str]:
    """Deficits that the text lists after "deficits:", parted by ; or else by commas outside of parentheses."""
    found = LISTED.search(text)
    if not found:
        return []
    outside = re.sub(r"\([^)]*\)", "", found[1])
    return _parts(outside if ";" in outside else outside.replace(",", ";"))


def _key(deficit: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", re.sub(r"\([^)]*\)", "", deficit).casefold())
    return frozenset(words) - FILLERS or frozenset(words)


def _untied(listed: list[str], text: str) -> list[str]:
    """All of the deficits where neither they nor the text name any activity; where the text explains deficits one by
    one, "grip (cannot open jars)", those that it leaves without a word."""
    if not text or not listed:
        return []
    if not re.search(ACTIVITY, text, re.IGNORECASE):
        return [one for one in listed if not re.search(ACTIVITY, one, re.IGNORECASE)]
    said = {one: re.search(re.escape(one) + r"([^;.\n]*)", text, re.IGNORECASE) for one in listed}
    explained = [one for one, found in said.items() if found and "(" in found[1]]
    bare = [one for one, found in said.items() if found and not re.search(r"\w", found[1])]
    return bare if len(explained) >= 2 else []
