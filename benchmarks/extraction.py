"""How well values are read from notes: `python -m benchmarks.extraction`.

Writes the tables of docs/extraction.md: precision and recall of each field over the notes of tests/files/notes, made
into the files that their list says and read as a user's would be. `--misses` names each value that was missed or wrong.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from audit import intake
from tests.written_notes import SETS, Told, Written, notes, told


@dataclass
class Score:
    """By field: values that a person reads, that were found, and that are both."""

    expected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def add(self, note: Written, found: Told) -> None:
        for name, values in (("expected", note.expected), ("found", found), ("right", note.expected & found)):
            getattr(self, name).update(one[0] for one in values)
        self.misses += [f"{note.name}: missed {one}" for one in sorted(note.expected - found)]
        self.misses += [f"{note.name}: wrong  {one}" for one in sorted(found - note.expected)]

    def precision(self, name: str) -> float:
        return self.right[name] / self.found[name] if self.found[name] else 1.0

    def recall(self, name: str) -> float:
        return self.right[name] / self.expected[name] if self.expected[name] else 1.0

    def over_all(self) -> tuple[float, float]:
        right = self.right.total()
        return right / self.found.total(), right / self.expected.total()


def measure(which: str) -> Score:
    """The score over a set of notes, each as a file of its kind."""
    score = Score()
    with tempfile.TemporaryDirectory() as folder:
        for note in notes(which):
            path = note.write(Path(folder))
            documents = intake.read([path]).documents
            score.add(note, set().union(*(told(one.values) for one in documents)))
    return score


def table(score: Score) -> str:
    rows = ["| field | told | precision | recall |", "|---|---:|---:|---:|"]
    for name in sorted({*score.expected, *score.found}):
        rows.append(f"| {name} | {score.expected[name]} | {score.precision(name):.2f} | {score.recall(name):.2f} |")
    precision, recall = score.over_all()
    return "\n".join([*rows, f"| all | {score.expected.total()} | {precision:.3f} | {recall:.3f} |"])


if __name__ == "__main__":
    for which in SETS:
        score = measure(which)
        print(f"\n{which}: {len(notes(which))} notes\n\n{table(score)}")
        if "--misses" in sys.argv:
            print("\n".join(score.misses))
