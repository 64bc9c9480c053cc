from __future__ import annotations

import pandas as pd

from audit.rules import findings, lacks, rule, untestable
from audit.texts import contains

NAMED = (
    r"\bsupervising (?:OTR?|PT|SLP|occupational|physical|therapist)\b"
    r"|\b(?:OTR?(?:/L)?|PT|therapist) supervis"
    r"|\bunder (?:the )?(?:(?:general|direct) )?(?:plan|direction|supervision|guidance) of\b"
    r"|\bsupervised by\b"
)
"""Words by which a text names the supervising therapist. Supervision alone is a level of help that patients need."""


@rule("DOC-03", grain="note", severity="info", sources=["cms-100-02-ch15-220.3"])
def supervisor_not_named(notes: pd.DataFrame) -> list[pd.DataFrame]:
    """An assistant wrote the note, and nothing in it names the supervising therapist.

    Why it matters: Medicare asks for no second signature, but the record must show who supervised; some states ask
    for the signature too.
    What to do: see that the plan or a report names the therapist; else have the note completed by an addendum.
    """
    own = (notes["service_count"] > 0) & (notes["cosigned_by"] == "") & notes["author"].isin(["assistant", ""])
    rows = notes[own]
    rows = rows[~contains(rows["text"], NAMED)]
    lacking = lacks(rows["columns_untold"], "cosigned_by", "text")
    assistant = rows["author"] == "assistant"
    return [
        findings(
            rows[assistant & ~lacking],
            expected="a supervising therapist named",
            observed="only {author_credential} named",
            because="The note of {service_date:%Y-%m-%d} was written by an assistant ({author_credential}); it is not "
            "cosigned, and its text names no supervising therapist.",
        ),
        untestable(
            rows[assistant & lacking],
            "An assistant ({author_credential}) wrote the note of {service_date:%Y-%m-%d}; the notes came without a "
            "column (cosigned_by, text) that could name the supervising therapist."
            "|Load notes with cosigned_by and text",
        ),
        untestable(
            rows[rows["author"] == ""],
            "Whether a therapist or an assistant wrote the note of {service_date:%Y-%m-%d} is not stated, and nobody "
            "is named as supervising.|Load notes with author_credential",
        ),
    ]
