"""What comes after a signature, in any order: releases, answers of therapists, disputes, late entries, overpayments,
re-audits, and the removal of what is old; and that `verify` sees what somebody changes by hand.

It goes on from the machine of `test_sequences_machine`; what single orders once broke stands in `test_later`.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import select

from audit import reaudits, release
from audit.auditing import running
from audit.exporting import rows as exported
from audit.feedback import addenda, answers, items, rulings
from audit.figures import results, upheld
from audit.figures.drawn_lines import drawn_lines
from audit.overpayments import entries, log
from audit.overpayments.paid import upheld_versions
from audit.reviewing import leases, review
from audit.store import database, kept, retention, schema
from audit.store.choosing import judgeable
from audit.store.rows import among
from audit.store.standing import stand_of
from audit.store.verdicts import Verdicts
from tests.handed_in import NPI, as_csv, note, service
from tests.stored import add
from tests.test_incremental import findings_of_all, standing_findings
from tests.test_sequences_machine import PREPARED, RULES, VISIT, Clinic, few_rules, of_visit
from tests.walking import walk

__all__ = ["few_rules"]
pytest_plugins = ["tests.databases"]
WHICH = st.integers(0, 5)
EIGHT_YEARS = timedelta(days=8 * 366)


class Later(Clinic):
    def __init__(self) -> None:
        super().__init__()
        fixed = {"role": "therapist", "must_change_password": False, "active": True}
        self.people["thea"] = add(self.engine, "accounts", username="thea", name="Thea", npi=NPI, **fixed)
        self.removed: set[str] = set()
        for number in (1, 2):
            self.note_without_total(number)
        self.judge_what_is_new()
        self.review_all((review.AGREE, review.AGREE), seen=False)

    def judge_what_is_new(self) -> None:
        """As before, but for claims whose values were removed: no run judges them."""
        running.screen_new(self.engine, **self.by())
        every = findings_of_all(self.engine, RULES)
        with database.read(self.engine) as connection:
            judged = set(connection.execute(select(schema.claims.c.id).where(judgeable())).scalars())
        assert standing_findings(self.engine) == {one: found for one, found in every.items() if one in judged}

    judge = rule()(judge_what_is_new)

    # What is asked of the store

    def shown_verdicts(self) -> list[int]:
        """Verdicts that the therapist is shown or has answered."""
        with database.read(self.engine) as connection:
            return list(items.feedback_of(connection, self.engine, NPI, self.at).items["decision_id"])

    def claim_of(self, decision: int) -> str:
        with database.read(self.engine) as connection:
            return str(items.one_item(connection, decision)["claim_id"])

    def said(self, decision: int) -> str:
        """Words that nobody else wrote, with a mark of their claim."""
        return f"zq-{self.claim_of(decision)}-words"

    def picture(self) -> dict[str, Any]:
        """Which findings stand, and how many claims are in error, by everything that says so."""
        found: dict[str, Any] = {}
        for audit_id in results.overview(self.engine)["id"].tolist():
            now = results.in_claims(self.engine, audit_id)
            with database.read(self.engine) as connection:
                rows = exported.findings_of(connection, audit_id)
            found[f"audit {audit_id}"] = (
                now.strata.to_dict("records"),
                now.claims[["claim_version_id", "reviewed", "in_error"]].to_dict("records"),
                now.by_rule.to_dict("records"),
                now.sentence,
                rows[["claim_version_id", "rule", "line_number", "verdict"]].fillna(0).to_dict("records"),
            )
        with database.read(self.engine) as connection:
            found["overpaid"] = upheld_versions(connection)
            told = items.feedback_of(connection, self.engine, NPI, self.at).items
        found["feedback"] = told.loc[told["stands"].astype("bool"), "decision_id"].tolist()
        return found

    # Answers and rulings

    @rule(which=WHICH, kind=st.sampled_from(["agree", "dispute", "dispute", "appeal"]))
    def answer(self, which: int, kind: str) -> None:
        for one in self.shown_verdicts()[which : which + 1]:
            words = {} if kind == "agree" else {"text": self.said(one)}
            before_it = self.picture()
            self.attempt(getattr(answers, kind), one, **words, **self.by("thea"))
            assert self.picture() == before_it

    @rule(which=WHICH, outcome=st.sampled_from(["upheld", "accepted"]))
    def rule_on(self, which: int, outcome: str) -> None:
        waiting = rulings.waiting(self.engine, viewer=self.people["max"], at=self.at)
        for row in waiting.to_dict("records")[which % max(len(waiting), 1) :][:1]:
            before_it, reason = self.picture(), self.said(row["decision_id"])
            who = "max" if row["kind"] == "appeal" else "dora"
            done = self.attempt(rulings.rule, row["answer_id"], outcome=outcome, reason=reason, **self.by(who))
            if done and outcome == "accepted":
                self.reversed_everywhere(row["decision_id"])
            else:
                assert self.picture() == before_it

    def reversed_everywhere(self, decision: int) -> None:
        made = schema.decisions
        with database.read(self.engine) as connection:
            row = connection.execute(select(made).where(made.c.id == decision)).mappings().one()
            assert decision not in set(items.feedback_of(connection, self.engine, NPI, self.at).standing["decision_id"])
            now = stand_of(connection, row["claim_version_id"])
        assert now is not None
        assert now.state in ("sent_back", "released", "stale") or not now.claim["is_current"]

    @rule(which=WHICH, with_minutes=st.booleans())
    def late_entry(self, which: int, with_minutes: bool) -> None:
        for one in self.shown_verdicts()[which : which + 1]:
            self.at += timedelta(minutes=1)
            open_notes = addenda.open_notes(self.engine, one, account_id=self.people["thea"])
            for told in open_notes[:1]:
                empty = {"total_treatment_minutes": "30"} if "total_treatment_minutes" in told.empty else {}
                before_it, signed = self.picture(), self.states()
                done = self.attempt(addenda.add_late_entry, one, note_id=told.note_id, text=self.said(one),
                                    fields=empty if with_minutes else {}, **self.by("thea"))  # fmt: skip
                assert self.picture() == before_it
                if done:
                    self.changed_since(told.note_id, signed)

    def states(self) -> dict[int, str]:
        with database.read(self.engine) as connection:
            return {row.claim_version_id: row.state for row in connection.execute(select(kept.table))}

    def changed_since(self, note_id: str, signed: dict[int, str]) -> None:
        """Every claim of the note's day that somebody signed says so."""
        notes, lines = schema.notes.c, schema.claim_lines.c
        with database.read(self.engine) as connection:
            day = connection.execute(
                select(notes.patient_id, notes.service_date).where(notes.note_id == note_id, notes.is_current)
            ).one()
            query = select(lines.claim_version_id).where(lines.patient_id == day[0], lines.service_date == day[1])
            ids = set(connection.execute(query).scalars())
            of_day = set(
                connection.execute(
                    select(schema.signatures.c.claim_version_id).where(
                        among(connection, schema.signatures.c.claim_version_id, sorted(ids))
                    )
                ).scalars()
            )
        now = self.states()
        assert {now[one] for one in of_day & set(now)} <= {"stale", "released"}, (signed, now)

    @rule(number=VISIT)
    def note_without_total(self, number: int) -> None:
        written = note(number) | of_visit(number) | {"total_treatment_minutes": ""}
        self.take_in(("notes.csv", as_csv([written])), ("note_services.csv", as_csv([service(number)])))

    # Release, overpayments, re-audits

    @rule(many=st.integers(1, 3))
    def release(self, many: int) -> None:
        self.attempt(release.release, release.approved_claims(self.engine)[:many], **self.by())

    @rule(which=WHICH, act=st.integers(0, 3), back=st.booleans())
    def overpaid(self, which: int, act: int, back: bool) -> None:
        with database.read(self.engine) as connection:
            ids = upheld_versions(connection)
            held = entries.standing(connection)
        picture = self.picture()
        if back:
            for made in [rows[-1] for rows in held.values() if rows][which : which + 1]:
                self.attempt(entries.take_back, made["id"], reason="wrong", **self.by())
        for one in ids[which : which + 1]:
            acts = entries.next_acts(held.get(one, []))
            for name in acts[act : act + 1] or acts[:1]:
                amount = Decimal("10.00") if name in entries.WITH_AMOUNT else None
                way = "other" if name in ("reported", "returned") else ""
                claim_id = self.claim_id(one)
                self.attempt(entries.record, one, name, on=self.at.date(), amount=amount, way=way,
                             text=f"zq-{claim_id}-paid", **self.by())  # fmt: skip
        assert self.picture() == picture

    def claim_id(self, version: int) -> str:
        with database.read(self.engine) as connection:
            return str(
                connection.execute(select(schema.claims.c.claim_id).where(schema.claims.c.id == version)).scalar_one()
            )

    @rule(which=WHICH)
    def schedule(self, which: int) -> None:
        for audit_id in list(reaudits.to_schedule(self.engine))[which : which + 1]:
            proposed = reaudits.proposed(self.engine, audit_id)
            saved = reaudits.schedule(self.engine, audit_id, **self.by())
            table = schema.reaudits
            with database.read(self.engine) as connection:
                rows = connection.execute(select(table).where(table.c.audit_id == audit_id)).mappings().all()
            assert saved == len(rows) == len(proposed)
            assert [(row["name"], row["result"], row["due_on"]) for row in rows] == [
                (one.name, one.result, one.due_on) for one in proposed
            ]
            now = results.in_claims(self.engine, audit_id)
            clinic = [one for one in proposed if one.subject == "clinic"]
            assert [one.result for one in clinic] in ([], [now.verdict])

    # Decisions on what no rule found, and corrections of an info

    @rule(which=WHICH, who=st.sampled_from(["rita", "sam"]))
    def see_an_error(self, which: int, who: str) -> None:
        for one in self.under_review()[which : which + 1]:
            self.at += leases.LEASE
            self.attempt(leases.take, one, **self.by(who))
            self.attempt(review.report_missed, one, text=f"zq-{self.claim_id(one)}-seen", **self.by(who))

    # Removal of what is old

    @rule(day=st.sampled_from([13, 14]))
    def remove_what_is_old(self, day: int) -> None:
        self.at += EIGHT_YEARS
        last = date(2026, 3, day)
        found = retention.due(self.engine, last, self.at.date())
        if not found.rows:
            return
        picture, worklist = self.picture(), self.states()
        ids = found.rows.get("claims", [])
        with database.read(self.engine) as connection:
            table = schema.claims
            told = set(connection.execute(select(table.c.claim_id).where(among(connection, table.c.id, ids))).scalars())
        gone = self.personal(found.rows) - self.personal(found.rows, others=True)
        retention.remove(self.engine, last, claims=found.claims, reason="old", at=self.at)
        self.removed |= told
        assert self.picture() == picture
        assert self.states() == worklist
        text = self.dump()
        assert [one for one in sorted(gone) if one in text] == []
        assert [one for one in sorted(told) if f"zq-{one}-" in text] == []
        assert retention.due(self.engine, last, self.at.date()).rows == {}

    def personal(self, rows: dict[str, list[int]], *, others: bool = False) -> set[str]:
        """Names on these claims and notes, or on all others."""
        found: set[str] = set()
        with database.read(self.engine) as connection:
            for name in ("claims", "notes"):
                table = schema.metadata.tables[name]
                mine = among(connection, table.c.id, rows.get(name, []))
                query = select(table.c.patient_name).where(~mine if others else mine)
                found |= {one for one in connection.execute(query).scalars() if one}
        return found

    def dump(self) -> str:
        """Everything that is in the database and in its file."""
        with database.read(self.engine) as connection:
            rows = [
                str(dict(row))
                for table in schema.metadata.sorted_tables
                for row in connection.execute(select(table)).mappings()
            ]
        path = Path(str(self.engine.url.database))
        raw = b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))
        return "\n".join(rows) + raw.decode("latin-1")

    # What must hold

    @invariant()
    def everything_agrees(self) -> None:
        """With what signatures and decisions say by themselves."""
        with database.read(self.engine) as connection:
            versions = set(connection.execute(select(schema.signatures.c.claim_version_id)).scalars())
            stands = {one: self.verdicts_on(connection, one) for one in versions}
            overpaid = set(upheld_versions(connection))
            told = items.feedback_of(connection, self.engine, NPI, self.at)
        wrong = {one for one, (done, _, _, against) in stands.items() if done and against}
        assert overpaid == wrong
        assert {one.claim_version_id for one in log(self.engine, self.at.date()) if one.stands} <= wrong
        shown = set(told.standing["claim_version_id"])
        final = {one for one in wrong if stands[one][1] in ("approved", "returned")}
        assert final <= shown
        for audit_id in results.overview(self.engine)["id"].tolist():
            self.audit_agrees(audit_id, stands)

    def audit_agrees(self, audit_id: int, stands: dict[int, Any]) -> None:
        now = results.in_claims(self.engine, audit_id)
        lines = drawn_lines(self.engine, now)
        with database.read(self.engine) as connection:
            rows = exported.findings_of(connection, audit_id)
        counted: dict[str, list[int]] = {}
        for row in now.claims.to_dict("records"):
            one = row["claim_version_id"]
            done, _, made, against = stands.get(one, (False, "", {}, False))
            assert bool(row["in_error"]) == bool((done and against) or row["missing"])
            of_claim = rows[rows["claim_version_id"] == one]
            for verdict, kinds in (("upheld", ("agree", "correct")), ("dismissed", ("dismiss",))):
                if done:
                    assert (of_claim["verdict"] == verdict).sum() == sum(kind in kinds for kind in made.values())
            if done:
                assert lines.loc[lines["claim_version_id"] == one, "in_error"].any() == against
            for name, verdict in zip(of_claim["rule"], of_claim["verdict"], strict=True):
                if verdict != "cannot be tested":
                    counted.setdefault(name, [0, 0, 0])[("upheld", "dismissed", "open").index(verdict)] += 1
        of_rule = now.by_rule.set_index("rule")[["upheld", "dismissed", "open"]]
        assert {name: row.tolist() for name, row in of_rule.iterrows()} == counted
        if audit_id > 1:  # it takes long to price
            return
        dollars = upheld.with_dollars(self.engine, now.claims)
        priced = (dollars["over"] > 0) | (dollars["under"] > 0) | dollars["unpriced"]
        assert not (now.claims["in_error"] & ~priced).any()

    def verdicts_on(self, connection: Any, version: int) -> tuple[bool, str, dict[int, str], bool]:
        """Whether a version counts as reviewed, what was signed last, and of the run signed last each finding's final
        verdict and whether the claim is in error."""
        signed, made, found = schema.signatures, schema.decisions, schema.findings
        mine = (
            connection.execute(select(signed).where(signed.c.claim_version_id == version).order_by(signed.c.id))
            .mappings()
            .all()
        )
        decided = (
            connection.execute(select(made).where(made.c.claim_version_id == version).order_by(made.c.id))
            .mappings()
            .all()
        )
        first = [one["id"] for one in mine if one["meaning"] == "reviewed"]
        verdicts = Verdicts.of([dict(one) for one in decided], first[-1] if first else None)
        rows = connection.execute(
            select(found).where(found.c.claim_version_id == version, found.c.run_id == mine[-1]["run_id"])
        ).mappings()
        judged = {row["id"]: row["severity"] for row in rows if row["severity"] != "untestable"}
        kinds = {one: (verdicts.final(("finding", one)) or {}).get("kind", "") for one in judged}
        last, plan = mine[-1]["meaning"], schema.planned_claims
        planned = select(plan.c.people).where(plan.c.claim_version_id == version).order_by(plan.c.id.desc()).limit(1)
        people = connection.execute(planned).scalar() or 1
        replaced = not connection.execute(
            select(schema.claims.c.is_current).where(schema.claims.c.id == version)
        ).scalar()
        done = {
            "reviewed": people == 1 or replaced,
            "second": replaced or not verdicts.open_differences(),
            "approved": True,
            "returned": True,
            "sent_back": False,
        }[last]
        return done, last, kinds, verdicts.in_error(judged)

    @invariant()
    def what_is_released_was_approved(self) -> None:
        with database.read(self.engine) as connection:
            for row in connection.execute(select(schema.release_claims)).mappings():
                signed = schema.signatures.c
                meaning = select(signed.meaning).where(signed.id == row["signature_id"])
                assert connection.execute(meaning).scalar() == "approved"


def test_no_order_of_what_comes_later_breaks_what_stands(sqlite_file: Path, few_rules: None) -> None:
    """For a hunt: EXAMPLES=30 STEPS=20."""
    PREPARED["file"] = sqlite_file
    walk(Later, examples=int(os.environ.get("EXAMPLES", "1")), steps=int(os.environ.get("STEPS", "3")))


def test_a_straight_way_through_the_machine_ends_in_a_removal(sqlite_file: Path, few_rules: None) -> None:
    """Otherwise what it holds would be held of little: chance alone seldom disputes, rules and removes in turn."""
    PREPARED["file"] = sqlite_file
    machine = Later()
    steps = (
        lambda: machine.answer(0, "dispute"),
        lambda: machine.rule_on(0, "accepted"),
        lambda: machine.late_entry(1, with_minutes=True),
        lambda: machine.review_all((review.DISMISS, review.DISMISS), seen=False),
        lambda: machine.release(1),
        lambda: machine.remove_what_is_old(14),
    )
    try:
        for step in steps:
            step()
            machine.the_record_holds()
            machine.everything_agrees()
        assert machine.removed
        assert "released" in machine.states().values()
    finally:
        machine.teardown()
