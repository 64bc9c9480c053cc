"""The record of the open claim as this session shows it: read and drawn once, and not at each key.

While a person reads one claim, the record of the next is read ahead. Both are kept in the session of that one person,
nowhere else, and only as long as nothing was loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock, Timer

import streamlit as st
from sqlalchemy import Engine

from audit.reviewing.evidence import Evidence, evidence
from pages.parts.markup import Markup
from pages.parts.store import engine

Seen = tuple[int, int, int]
"""Which inputs it was read from, as `evidence.inputs` tells."""
PAUSE = 2.0
"""Seconds on a claim after which the next one is read ahead: who presses keys at once shall not wait for that."""
_turn = Lock()
_reader = ThreadPoolExecutor(1, thread_name_prefix="ahead")


@dataclass(frozen=True)
class Sheet:
    claim: int
    seen: Seen
    evidence: Evidence
    _drawn: dict[Hashable, list[Markup]] = field(default_factory=dict)

    def once(self, name: Hashable, draw: Callable[[], list[Markup]]) -> list[Markup]:
        """What `draw` gives, drawn when first asked for by this name."""
        if name not in self._drawn:
            self._drawn[name] = draw()
        return self._drawn[name]


@dataclass(frozen=True)
class Ahead:
    """`sheet`: what is being read while the person looks at `beside`."""

    beside: Sheet
    claim: int | None
    sheet: Future[Sheet]


def sheet_of(claim: int, seen: Seen) -> Sheet:
    held: Sheet | None = st.session_state.get("sheet")
    if held is None or (held.claim, held.seen) != (claim, seen):
        held = _read_before(claim, seen) or _read(engine(), claim, seen)
        st.session_state["sheet"] = held
    return held


def read_ahead(sheet: Sheet, following: Callable[[], int | None]) -> None:
    """While a person looks at `sheet`, begin to read the claim that comes next: once."""
    ahead: Ahead | None = st.session_state.get("ahead")
    if ahead is None or ahead.beside is not sheet:
        claim = following()
        reading: Future[Sheet] = Future()
        if claim is not None:
            timer = Timer(PAUSE, _reader.submit, (_fill, reading, engine(), claim, sheet.seen))
            timer.daemon = True
            timer.start()
        st.session_state["ahead"] = Ahead(sheet, claim, reading)


def _read_before(claim: int, seen: Seen) -> Sheet | None:
    """The sheet that was read ahead, if it is this claim's and could be read. One not begun yet is not waited for."""
    ahead: Ahead | None = st.session_state.pop("ahead", None)
    if ahead is None or (ahead.claim, ahead.beside.seen) != (claim, seen):
        return None
    if ahead.sheet.cancel() or ahead.sheet.exception() is not None:
        return None
    return ahead.sheet.result()


def _fill(reading: Future[Sheet], store: Engine, claim: int, seen: Seen) -> None:
    """Nothing, when the person has gone on meanwhile."""
    if reading.set_running_or_notify_cancel():
        try:
            reading.set_result(_read(store, claim, seen))
        except Exception as error:  # whoever opens the claim reads it again
            reading.set_exception(error)


def _read(store: Engine, claim: int, seen: Seen) -> Sheet:
    """One at a time: two at once take twice as long each, and keep everybody's keys waiting."""
    with _turn:
        return Sheet(claim, seen, evidence(store, claim))
