"""The project itself: each function of audit/ that writes asks the database for the role of whoever it writes for."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.access_server import ROOT

BELOW = ("access", "store", "demo", "rules", "grains", "intake")
"""What is called by the modules looked at, or writes no database. `access` is tested by what it refuses."""
ASKING = {"account_may", "demand_now"}
WITHOUT = {
    "drafts.drop": "one's own draft",
    "fact_loading._record": "the event of what was asked for before",
    "leases.give_back": "one's own lease",
    "leases.viewed": "an event that tells who looked",
}


def test_each_write_asks_for_the_role() -> None:
    functions = {f"{path.stem}.{one.name}": one for path in _modules() for one in _functions(path)}
    called = {name: _called(one) for name, one in functions.items()}
    writing = {name for name, calls in called.items() if "write" in calls}
    assert len(writing) > 20
    assert {name for name in writing if not _asks(name, called)} == set(WITHOUT)


def _modules() -> list[Path]:
    return [path for path in (ROOT / "audit").rglob("*.py") if path.relative_to(ROOT / "audit").parts[0] not in BELOW]


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [one for one in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(one, ast.FunctionDef)]


def _called(function: ast.FunctionDef) -> set[str]:
    """Names called: write, account_may; of another module with its name before it."""
    names = set()
    for one in ast.walk(function):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name):
            names.add(one.func.id)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and isinstance(one.func.value, ast.Name):
            names.add(f"{one.func.value.id}.{one.func.attr}")
    return {name.removeprefix("database.") for name in names}


def _asks(name: str, called: dict[str, set[str]], seen: frozenset[str] = frozenset()) -> bool:
    if called[name] & ASKING:
        return True
    short = {f"{name.partition('.')[0]}.{one}" for one in called[name]} | called[name]
    imported = {full for full in called for one in called[name] if full.endswith(f".{one}") and "." not in one}
    further = ((short & set(called)) | imported) - seen - {name}
    return any(_asks(one, called, seen | {name}) for one in further)
