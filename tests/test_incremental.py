"""Batch after batch into the store: what stands on each claim is what judging everything at once finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from audit.auditing import incremental, running, screening
from audit.auditing.unbilled import unbilled
from audit.engine import chosen_rules, judge
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.loading import undoing
from audit.shared_text import in_plain
from audit.store import database, reading, schema, touched
from audit.store.loading import load
from audit.tables import Tables
from tests.databases import sqlite_copy
from tests.stored import NOW, add, on_sqlite
from tests.test_grains import line, note, service, tables_of
from tests.test_splits import NPIS, PEOPLE

pytest_plugins = ["tests.databases"]
RULES = ("UNIT-01", "UNIT-05", "UNIT-12", "MOD-08", "MOD-10", "DOC-03")
DAYS = ("2026-03-12", "2026-03-13", "2026-03-16")
_moment = count(1)
visits = st.fixed_dictionaries(
    {
        "patient": st.integers(0, 4),
        "npi": st.sampled_from(NPIS),
        "person": st.sampled_from(PEOPLE),
        "day": st.sampled_from(DAYS),
        "code": st.sampled_from(["97530", "97110", "97166", "97150"]),
        "mode": st.sampled_from(["", "", "group"]),
        "units": st.integers(1, 3),
        "claim_batch": st.sampled_from([0, 1, 2, None]),
        "note_batch": st.sampled_from([0, 0, 1, 2, None]),
        "corrected": st.sampled_from([None, None, "units", "patient"]),
    }
)


@pytest.fixture(autouse=True)
def few_rules(monkeypatch):
    rules = chosen_rules(RULES)
    monkeypatch.setattr(running, "chosen_rules", lambda: rules)


def batch_of(seen: Sequence[dict[str, Any]], batch: int) -> Tables:
    claims, notes, services = [], [], []
    for n, one in enumerate(seen):
        day = {"service_date": one["day"], "rendering_npi": one["npi"]}
        if one["claim_batch"] == batch:
            claims.append(line(one["patient"], one["code"], one["units"], claim_id=f"C{n}", **day))
        elif batch == 3 and one["corrected"] and one["claim_batch"] is not None:
            moved = (one["patient"] + (one["corrected"] == "patient")) % 5
            claims.append(line(moved, one["code"], one["units"] + 1, claim_id=f"C{n}", **day))
        if one["note_batch"] == batch:
            name, credential = one["person"]
            told = {"author_name": name, "author_credential": credential, "start_time": "09:00", "end_time": "09:30"}
            notes.append(note(one["patient"], f"-{n}", **told, **day))
            services.append(service(one["patient"], one["code"], 23, f"-{n}", mode=one.get("mode", "")))
    return tables_of(claims=claims, notes=notes, note_services=services)


def take(engine: Engine, tables: Tables) -> int:
    number = next(_moment)
    told = {"name": f"b{number}", "sha256": f"{number}", "account_id": None}
    return load(engine, tables, [], **told, at=NOW + timedelta(minutes=2 * number)).load_id


def screen(engine: Engine) -> int | None:
    return running.screen_new(engine, account_id=None, at=NOW + timedelta(minutes=2 * next(_moment)))


def standing_findings(engine: Engine) -> dict[int, Any]:
    """What stands on each current claim, by the newest run that judged it."""
    with database.read(engine) as connection:
        every = touched.current(connection)
        assert all(run["run_id"] for run in every.values()), "a claim that no run judged"
        kept = touched.kept_findings(connection, {one: run["run_id"] for one, run in every.items()})
    return dict(incremental._said(kept))


def findings_of_all(engine: Engine, rules: Sequence[str] = RULES) -> dict[int, Any]:
    tables = reading.tables_in_store(engine)
    found = in_plain(judge(Prepared(tables, load_facts()), chosen_rules(rules)))
    versions = tables.claims.drop_duplicates("claim_id").set_index("claim_id")["claim_version_id"]
    return dict(incremental._said(found.assign(claim_version_id=found["claim_id"].map(versions))))


@settings(max_examples=6, deadline=None)
@given(st.lists(visits, min_size=6, max_size=18))
def test_batch_after_batch_stands_as_if_all_were_judged_at_once(seen):
    originals = _originals[0]
    folder = originals.folder / f"incremental-{next(_moment)}"
    engine = database.connect(sqlite_copy(originals.of("sqlite").address, folder))
    for batch in range(4):
        tables = batch_of(seen, batch)
        if len(tables.claims) or len(tables.notes):
            take(engine, tables)
            screen(engine)
    assert standing_findings(engine) == findings_of_all(engine)
    engine.dispose()


_originals: list[Any] = []


@pytest.fixture(scope="module", autouse=True)
def _remember(originals):
    _originals[:] = [originals]


def two_patients() -> list[dict[str, Any]]:
    one = {"npi": "1", "person": PEOPLE[0], "day": DAYS[0], "code": "97530", "units": 1, "corrected": None}
    return [one | {"patient": n, "claim_batch": n // 3, "note_batch": n // 3} for n in range(6)]


@on_sqlite
def test_a_claim_found_the_same_again_keeps_its_run_and_one_that_shares_the_clinicians_day_is_found_otherwise(engine):
    seen = [one | {"npi": NPIS[n % 3], "person": ("", "OTR/L")} for n, one in enumerate(two_patients())]
    seen[3] |= {"npi": "9", "patient": 0, "day": DAYS[1]}  # another day of patient 0: nothing changes on C0
    take(engine, batch_of(seen, 0))
    first = screen(engine)
    take(engine, batch_of(seen, 1))
    assert screening.unjudged(engine).claims == 6
    second = screen(engine)
    with database.read(engine) as connection:
        query = select(schema.claims.c.claim_id, schema.run_claims.c.run_id).join(schema.run_claims)
        runs = sorted((row.claim_id, row.run_id) for row in connection.execute(query))
    assert standing_findings(engine) == findings_of_all(engine)
    assert [run for claim, run in runs if claim == "C0"] == [first]
    assert [run for claim, run in runs if claim == "C1"] == [first, second], "its clinician saw two at once now"
    assert (screening.unjudged(engine).claims, screen(engine)) == (0, None)


@on_sqlite
def test_only_touched_days_are_read_and_what_was_found_of_clinicians_on_the_others_stands(engine, monkeypatch):
    """Patient 0 was seen by one clinician at once with patients 1 and 2, on two days; then a visit comes on one."""
    both = [one | {"person": PEOPLE[0]} for one in two_patients()[:3]]
    seen = [one | {"day": day} for day in DAYS[:2] for one in both]
    seen = [one | {"claim_batch": 0, "note_batch": 0} for one in seen]
    late = seen[0] | {"patient": 3, "claim_batch": 1, "note_batch": 1}  # on the first day
    late_for_one = seen[0] | {"day": DAYS[2], "npi": "3", "claim_batch": 1, "note_batch": 1, "person": PEOPLE[1]}
    take(engine, batch_of([*seen, late, late_for_one], 0))
    first = screen(engine)
    before = standing_findings(engine)
    assert any(said[0] == "UNIT-12" for said in before[5]), "patient 1 on the second day shares its clinician"
    take(engine, batch_of([*seen, late, late_for_one], 1))
    asked = incremental.asked(engine, load_facts().sha256, running.code_version())
    assert (asked.claims, asked.of_days) == ({1, 4, 7, 8}, {1, 2, 3, 7, 8}), "each by what of it is touched"
    assert asked.beside.claims == {1, 2, 3, 7, 8}
    assert screening.unjudged(engine).claims == len(asked.every) == 6
    read, tables_in_store = [], reading.tables_in_store
    monkeypatch.setattr(reading, "tables_in_store", lambda *a, **k: read.append(tables_in_store(*a, **k)) or read[-1])
    second = screen(engine)
    assert not {"C4", "C5"} & set(read[-1].claims["claim_id"]), "of the untouched day nobody else's visit is read"
    monkeypatch.undo()
    monkeypatch.setattr(running, "chosen_rules", lambda: chosen_rules(RULES))
    assert standing_findings(engine) == findings_of_all(engine)
    assert any(said[0] == "UNIT-12" for said in standing_findings(engine)[4])
    assert first != second


@on_sqlite
def test_a_note_that_nobody_billed_takes_time_of_its_clinicians_day(engine):
    seen = [one | {"person": PEOPLE[0], "claim_batch": 0, "note_batch": 0} for one in two_patients()[:1]]
    late = seen[0] | {"patient": 4, "claim_batch": None, "note_batch": 1}
    take(engine, batch_of([*seen, late], 0))
    assert unbilled(engine).empty
    screen(engine)
    take(engine, batch_of([*seen, late], 1))
    asked = incremental.asked(engine, load_facts().sha256, running.code_version())
    assert (asked.claims, asked.of_days, len(asked.beside.notes)) == (set(), {1}, 2)
    assert unbilled(engine)["note_id"].tolist() == ["N4-1"]
    screen(engine)
    assert standing_findings(engine) == findings_of_all(engine)
    assert any(said[0] == "UNIT-12" for said in standing_findings(engine)[1])


@on_sqlite
def test_what_forces_all_claims_to_be_judged_again(engine):
    take(engine, batch_of(two_patients(), 0))
    assert screening.unjudged(engine).claims == 3
    assert incremental.asked(engine, "f", "c").everything == "no run has judged all claims as they stand now"
    screen(engine)
    facts, code = load_facts().sha256, running.code_version()
    assert incremental.asked(engine, facts, code).every == []
    assert (
        incremental.asked(engine, "other", code).everything
        == "the facts that rules rest on have changed since the last complete run"
    )
    assert incremental.asked(engine, facts, "other").everything == "the rules have changed since the last complete run"
    assert len(incremental.asked(engine, facts, "other").outdated) == 3
    take(engine, tables_of(payers=[{"payer_id": "MED", "name": "M", "unit_method": "midpoint"}]))
    of_payer = incremental.asked(engine, facts, code)
    assert (of_payer.everything, len(of_payer.claims)) == ("", 3)
    screen(engine)
    assert standing_findings(engine) == findings_of_all(engine)
    take(engine, tables_of(providers=[{"npi": "1", "name": "A. Therapist", "credential": "OTR/L"}]))
    assert incremental.asked(engine, facts, code).everything.startswith("practitioners came")


@on_sqlite
def test_a_load_that_is_undone_is_judged_away(engine):
    by = add(engine, "accounts", username="ada", role="manager")
    take(engine, batch_of(two_patients(), 0))
    screen(engine)
    before = standing_findings(engine)
    late = take(engine, batch_of(two_patients(), 1))
    screen(engine)
    assert standing_findings(engine) != before
    undoing.undo(engine, late, reason="wrong file", account_id=by, at=NOW + timedelta(minutes=2 * next(_moment)))
    screen(engine)
    assert standing_findings(engine) == before == findings_of_all(engine)


@on_sqlite
@pytest.mark.parametrize("how", ["again", "payer"])
def test_a_claim_judged_alone_is_judged_with_all_of_its_clinician_s_day(engine, how):
    """One person saw two patients at once, and the notes give two numbers for them."""
    seen = [one | {"npi": NPIS[n], "person": PEOPLE[0]} for n, one in enumerate(two_patients()[:2])]
    tables = batch_of(seen, 0)
    take(engine, replace(tables, claims=tables.claims.assign(payer_id=["MED", "B"])))
    take(engine, tables_of(providers=[{"npi": NPIS[0], "name": PEOPLE[0][0], "credential": "OTR/L"}]))
    screen(engine)
    before = standing_findings(engine)
    assert all(any(said[0] == "UNIT-12" for said in one) for one in before.values())
    with database.read(engine) as connection:
        second = max(touched.current(connection))
    by = {"account_id": add(engine, "accounts", username="ada", role="manager")}
    by["at"] = NOW + timedelta(minutes=2 * next(_moment))
    if how == "again":
        running.screen_again(engine, [second], **by)
    else:
        running.screen(engine, payer_ids=["B"], **by)
    assert standing_findings(engine) == before == findings_of_all(engine)
