"""How the tests are divided among processes: what shares something costly stays together.

A test module is one piece of work. All modules with "browser" in their name are one piece together: one browser and
one server at a time are enough. The cases of the rules are a piece for each rule; they come last, where small pieces
let all processes end at the same time. Otherwise the pieces, and the tests within each, come in the random order of
pytest-randomly. pytest-xdist's own groups fell apart with pytest 9.2, and nothing said so.
"""

import re

from xdist.scheduler import LoadScopeScheduling

BROWSER = "browser"
RULE = re.compile(r"test_rules\.py::\w+\[([A-Z]+-\d+)")


def piece_of(nodeid: str) -> str:
    """The piece of work that a test belongs to: its module, "browser", or a rule's code."""
    module = nodeid.partition("::")[0]
    rule = RULE.search(nodeid)
    return rule[1] if rule else BROWSER if BROWSER in module else module


def place(nodeid: str) -> int:
    """The browser first, for it takes longest; single rules last."""
    return 0 if piece_of(nodeid) == BROWSER else 2 if RULE.search(nodeid) else 1


class Pieces(LoadScopeScheduling):
    """One piece at a time to whoever has nothing left to do."""

    def _split_scope(self, nodeid: str) -> str:
        return piece_of(nodeid)
