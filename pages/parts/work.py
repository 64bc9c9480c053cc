"""Doing what was asked: how far a long work is, and in plain words why something cannot be done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from audit.errors import CountersignError

Done = TypeVar("Done")
Step = Callable[[int, int], None]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~])")


def attempt(act: Callable[[], Done]) -> Done | None:
    """What `act` gives; None, and its own words on the screen, when a person has to mend something first."""
    try:
        return act()
    except CountersignError as error:
        st.error(plain(error.sentence()))
        return None


def plain(text: str) -> str:
    """Text for an element that reads Markdown, in which nothing is Markdown: a file's name is not ours."""
    return _MARKDOWN.sub(r"\\\1", text)


def attempt_long(act: Callable[[Step], Done], says: Callable[[int], str]) -> Done | None:
    """As `attempt`, with a bar while it lasts. `act` is given what to tell of steps done and of all, `says` words
    them. A button stops the work: any click ends this run of the page, and the bar is where that happens."""
    began = 0.0
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, says(0))
        st.button("Stop", help="Nothing of it is kept")

    def step(done: int, total: int) -> None:
        nonlocal began
        began = began if done else time.monotonic()
        seconds = time.monotonic() - began
        left = f", about {seconds / done * (total - done):.0f} s left" if 0 < done < total else ""
        bar.progress(done / total, says(done) + left)

    def act_then_clear() -> Done:
        try:
            return act(step)
        finally:
            place.empty()

    return attempt(act_then_clear)
