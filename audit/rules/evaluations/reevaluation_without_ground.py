from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable
from audit.rules.evaluations.level_above_findings import readable, unread

DENIED = (
    r"\b(?:no|without(?: any)?|denies|denied|not?)\s+(?:any\s+)?(?:other\s+)?"
    r"(?:new|significant|recent|falls?|hospital\w*|surger\w*|changes?\b)[^.;,\n]*"
)
"""What a note says is not there. "No response" and "no progress" are grounds and stay."""
GROUND = (
    r"\b(?:significant|marked|substantial)(?:ly)?\s+(?:\w+\s+){0,2}(?:chang|improv|declin|progress|gain|loss|increas|decreas|worsen)"
    r"|\bchanges? (?:in|of) (?:\w+ ){0,3}(?:status|condition|function|presentation|medication|environment|diagnosis)"
    r"|\b(?:status|condition|function) (?:has )?(?:changed|fell|declined|worsened)"
    r"|\bnew(?:ly)? (?:\w+ ){0,2}"
    r"(?:finding|symptom|diagnos|injur|complaint|problem|deficit|onset|limitation|precaution|impairment)"
    r"|\b(?:no|not|lack of|limited|poor|without)\b[^.;,\n]{0,25}\b(?:respon\w+|progress\w*|improv\w+|gains?)\b"
    r"|\bnon-?respon|\bunrespons|\bfail(?:s|ed|ing|ure)? to (?:respond|progress|improve)"
    r"|\bplateau|\bdeclin\w*|\bregress\w*|\bworse(?:n\w*)?\b|\bdeteriorat|\bexacerbat|\bflare"
    r"|\b(?:hospitali[sz]\w+|hospital stay|admitted to hospital)|\b(?:since|after|following) (?:\w+ ){0,3}surgery"
    r"|\b(?:a|had|since|after|recent) (?:a )?fall\b|\bfell (?:at|on|in|from|down)\b"
    r"|\b(?:revis|chang|modif)\w* (?:of |to |in )?(?:the )?(?:plan|goals)"
    r"|\b(?:plan|goals) (?:\w+ ){0,3}(?:revised|changed|modified|no longer)"
)
SCHEDULED = (
    r"\b(?:10th|tenth|30th) (?:visit|session|treatment)|\bevery (?:10|ten) (?:visits|sessions|treatments)"
    r"|\b(?:30|thirty)[- ]days? re-?eval|\bevery (?:30|thirty) days"
    r"|\b(?:routine|monthly|scheduled|periodic|standing) re-?eval"
    r"|\bre-?eval\w* (?:is )?(?:due|done) (?:every|each|per (?:clinic|policy|schedule))"
)
REQUIRED = (
    r"\b(?:required|requested|asked for|demanded) by (?:\w+ ){0,3}"
    r"(?:payer|plan|insur\w+|carrier|state|adjuster|medicaid)"
    r"|\b(?:payer|insur\w+|carrier|state|adjuster|medicaid) (?:\w+ )?(?:requires|requests|asks for|demands)"
)
"""A payer other than Medicare may ask for periodic re-evaluations; Medicare's manual does not."""
VISITS, DAYS = (9, 10), (28, 31)
"""Between what numbers of treatment days, or calendar days, intervals are taken for the same fixed one."""


@rule("EVAL-07", grain="evaluation_course", severity="warning", sources=["pub-100-02-ch-15-s220-3-c"])
def reevaluation_without_ground(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """A re-evaluation is billed, and its note names no significant change, new finding or lack of response.

    Why it matters: 97168 is for a change that puts the plan in question; looking at progress at fixed intervals is
    part of the treatment and is not paid apart. Some payers other than Medicare ask for periodic re-evaluations.
    What to do: have the author say what made the re-evaluation necessary, or that this payer asks for it; else do
    not bill it.
    """
    asked = evaluations[evaluations["procedure_code"] == "97168"]
    rows = asked[readable(asked)]
    told = rows[rows["text"] != ""]
    excused = (told["medicare"] != "yes") & _says(told["text"], REQUIRED)
    told = told.assign(schedule=_schedule(told))[~excused]
    ground = _says(told["text"].str.replace(DENIED, " ", case=False, regex=True), GROUND)
    fixed = told["schedule"] != ""
    return [
        findings(
            told[~ground & ~fixed],
            expected="a significant change, a new finding or no response to treatment",
            observed="none named in the note",
            because="97168 is billed; the note of {service_date:%Y-%m-%d} names no significant change, new finding or "
            "lack of response that made it necessary.",
        ),
        findings(
            told[~ground & fixed],
            expected="a significant change, a new finding or no response to treatment",
            observed="{schedule}",
            because="97168 is billed on a fixed schedule ({schedule}), and the note of {service_date:%Y-%m-%d} names "
            "no significant change, new finding or lack of response.",
        ),
        findings(
            told[ground & fixed],
            expected="a re-evaluation when it is needed",
            observed="{schedule}",
            because="The note names a ground for 97168, which nevertheless falls on a fixed schedule ({schedule}).",
            severity="info",
        ),
        *unread(asked),
        untestable(
            rows[rows["text"] == ""],
            "The text of the re-evaluation of {service_date:%Y-%m-%d} is not on file, so its ground cannot be told."
            "|Load notes with text",
        ),
    ]


def _says(text: pd.Series[str], words: str) -> pd.Series[bool]:
    return text.str.contains(words, case=False, regex=True)


def _schedule(rows: pd.DataFrame) -> pd.Series[str]:
    """The schedule in words: as the note says, or as this re-evaluation and the one before it show; else ""."""
    result = pd.Series("", index=rows.index, dtype="str")
    days, visits = ("days_since", "days_before"), ("visits_since", "visits_before")
    for names, (least, most), noun in ((days, DAYS, "days"), (visits, VISITS, "treatment days")):
        since, before = (rows[name] for name in names)
        same = (since.between(least, most) & before.between(least, most)).fillna(False).astype("bool")
        result = result.mask(same, before.astype("str") + " and " + since.astype("str") + " " + noun + " apart")
    return result.mask(_says(rows["text"], SCHEDULED), "the note says so")
