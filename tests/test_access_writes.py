"""The project itself: each function of audit/ that writes asks the database for the role of whoever it writes for."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.access_server import ROOT

BELOW = ("access", "store", "demo", "rules", "grains", "intake")
"""What is called by the modules looked at, or writes no database. `access` is tested by what it refuses."""
WRITE = "database.write"
ASKING = {"permission.account_may", "permission.demand_now", "rights.demand_therapist"}
WITHOUT = {
    "review_plan.plan_judged": "each way of running the rules asks before",
    "drafts.drop": "one's own draft",
    "fact_loading._record": "the event of what was asked for before",
    "leases.give_back": "one's own lease",
    "leases.viewed": "an event that tells who looked",
    "restoring._into": "the command line of the machine",
    "restoring._new_file": "the command line of the machine",
    "serving.note_facts": "the server at its start, for nobody",
    "writing._tell": "the command line of the machine",
}


def test_each_write_asks_for_the_role() -> None:
    called = {name: calls for path in _modules() for name, calls in _calls(path).items()}
    writing = {name for name, calls in called.items() if WRITE in calls}
    assert len(writing) > 20
    assert {name for name in writing if not _asks(name, called)} == set(WITHOUT)


def _modules() -> list[Path]:
    return [path for path in (ROOT / "audit").rglob("*.py") if path.relative_to(ROOT / "audit").parts[0] not in BELOW]


def _calls(path: Path) -> dict[str, set[str]]:
    """Each function of a module, as module.name -> what it calls, named the same way."""
    tree = ast.parse(path.read_text("utf-8"))
    imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    home = {name.name: (one.module or "").rpartition(".")[2] for one in imports for name in one.names}
    found: dict[str, set[str]] = {}
    for function in (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)):
        calls = [one.func for one in ast.walk(function) if isinstance(one, ast.Call)]
        bare = {f"{home.get(call.id, path.stem)}.{call.id}" for call in calls if isinstance(call, ast.Name)}
        dotted = {
            f"{call.value.id}.{call.attr}"
            for call in calls
            if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
        }
        found[f"{path.stem}.{function.name}"] = {_origin(name) for name in bare | dotted}
    return found


def _origin(name: str) -> str:
    """`review_rights` and others hand `account_may` on."""
    return "permission.account_may" if name.endswith(".account_may") else name


def _asks(name: str, called: dict[str, set[str]], seen: frozenset[str] = frozenset()) -> bool:
    if called[name] & ASKING:
        return True
    return any(_asks(one, called, seen | {name}) for one in called[name] & set(called) - seen - {name})
