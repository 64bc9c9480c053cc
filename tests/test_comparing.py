"""Two notes word by word."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.reviewing.comparing import Run, differing_words
from audit.reviewing.evidence import Evidence

WORDS = st.lists(st.sampled_from(["grip", "Grip", "22", "pounds", "today,", "better"]), max_size=12).map(" ".join)


def test_the_words_that_differ_are_marked_in_both():
    old, new = differing_words("Grip 22 pounds, tired today.", "grip 24 pounds, tired today. Again.")
    assert old == [Run("Grip", False), Run("22", True), Run("pounds, tired today.", False)]
    assert new == [Run("grip", False), Run("24", True), Run("pounds, tired today.", False), Run("Again.", True)]


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS)
def test_runs_give_the_notes_again_and_share_what_is_not_marked(before, after):
    old, new = differing_words(before, after)
    assert " ".join(run.text for run in old) == before
    assert " ".join(run.text for run in new) == after
    shared = [" ".join(run.text for run in side if not run.differs).lower() for side in (old, new)]
    assert shared[0] == shared[1]
    assert (before.lower() == after.lower()) == (not any(run.differs for run in [*old, *new]))


def test_the_note_before_is_of_the_same_discipline_and_has_a_text():
    notes = pd.DataFrame(
        [("N1", "OT", "one"), ("N2", "OT", "two"), ("N3", "OT", ""), ("P1", "PT", "other")],
        columns=["note_id", "discipline", "text"],
    )
    seen = Evidence(**{**dict.fromkeys(field.name for field in fields(Evidence)), "earlier_notes": notes})
    pair = seen.with_note_before("N2")
    assert pair is not None
    assert [note["note_id"] for note in pair] == ["N1", "N2"]
    assert [seen.with_note_before(name) for name in ("N1", "N3", "P1", "none")] == [None] * 4
