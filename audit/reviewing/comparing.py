"""Two notes word by word: what they share and where they differ, for a reader who holds them side by side."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz.distance import Indel


@dataclass(frozen=True, slots=True)
class Run:
    """Words that follow one another; `differs`: the other note does not have them here."""

    text: str
    differs: bool


def differing_words(before: str, after: str) -> tuple[list[Run], list[Run]]:
    """Both notes as runs of words, in order; joined by single spaces the runs give the note's words again.

    Words are compared in small letters, as the rule on copied notes does."""
    left, right = before.split(), after.split()
    steps = Indel.opcodes([word.lower() for word in left], [word.lower() for word in right])
    old, new = [], []
    for step in steps:
        old += [Run(" ".join(left[step.src_start : step.src_end]), step.tag != "equal")]
        new += [Run(" ".join(right[step.dest_start : step.dest_end]), step.tag != "equal")]
    return [run for run in old if run.text], [run for run in new if run.text]
