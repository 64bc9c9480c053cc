"""What a reviewer sees beside the findings of one claim: lines, notes, minutes against units, plans of care."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, exists, func, select

from audit.evaluations import Component
from audit.facts.reference import Facts, load_facts, once_for_facts
from audit.grains import Prepared, billed_services, days, evaluations
from audit.grains.lines import with_note
from audit.passages import Passage, passages
from audit.reviewing.opinions import sight
from audit.reviewing.other_hand import against_approval, cannot_judge
from audit.reviewing.review_plan import Needed, needed_for
from audit.reviewing.second_review import differences_in
from audit.reviewing.sign_off import signatures_on
from audit.store import reading, schema
from audit.store.choosing import Beside
from audit.store.database import read
from audit.store.standing import Standing
from audit.texts import joined, told_of


@dataclass(frozen=True)
class Decided:
    """Where a claim stands, as one viewer may see it: its findings with verdicts, errors that people saw, questions,
    signatures, state (`VIEWS`). `stage`: first, second, adjudication, or final when nobody has to decide."""

    claim: dict[str, Any]
    findings: pd.DataFrame
    missed: pd.DataFrame
    asks: pd.DataFrame
    signatures: pd.DataFrame
    state: str
    came: tuple[str, ...]
    """What came or changed since the rules ran, in words."""
    stage: str
    plan: Needed
    covered: bool
    """The first reviewer's verdicts are hidden until the second review is committed."""

    over: Decimal | None
    under: Decimal | None
    """Dollars that the bill is too high and too low by, all findings together; None where that is not known."""
    not_judge: str
    not_approve: str
    """Why this viewer may not judge the first review, and not approve the claim; "" when they may."""
    differences: pd.DataFrame
    """What the two reviews differ on and nobody settled yet, as `second_review.differences` has it."""

    @property
    def undecided(self) -> pd.DataFrame:
        """Findings that wait for a verdict, in the order in which they are shown."""
        waiting = (self.findings["severity"] != "untestable") & (self.findings["decision"] == "")
        if self.stage == "adjudication":
            waiting &= self.findings["id"].isin(self.differences["id"].dropna())
        return self.findings[waiting]

    @property
    def unjudged(self) -> pd.DataFrame:
        """Errors that another person reported and this stage has to judge."""
        waiting = self.missed["decision"] == ""
        if self.stage == "second":
            return self.missed[waiting & (self.missed["stage"] == "first")]
        return self.missed[waiting & self.missed["id"].isin(self.differences["missed_id"].dropna())]

    @property
    def untestable(self) -> pd.DataFrame:
        return self.findings[self.findings["severity"] == "untestable"]


@dataclass(frozen=True)
class Evidence:
    """The record behind a claim version, as the rules saw it."""

    lines: pd.DataFrame
    """Grain `line`: code, label, units, modifiers, date, practitioner."""
    notes: pd.DataFrame
    """Notes of the claim's days, with their text."""
    services: pd.DataFrame
    """Billed and documented services of the days: code, label, minutes, by whom, units billed and supported."""
    sessions: pd.DataFrame
    """The services as each note lists them: note_id, service, label, minutes, by whom, start_time, end_time."""
    shares: pd.DataFrame
    """Grain `service` of this claim, where an assistant gave minutes of a pooled service of its days: units billed with
    CO, and supported without and with it. Else without rows."""
    days: pd.DataFrame
    """Pooled minutes and units of each day, under the payer's method and the other one."""
    components: dict[int, list[Component]]
    """By line number of an evaluation: its components."""
    plans: pd.DataFrame
    earlier_notes: pd.DataFrame
    """The patient's notes in the order in which the rule on copied notes compares them, with their text."""
    visits: pd.DataFrame
    """Other visits of the patient, the newest first: service_date, note_type, author, minutes, codes."""
    other_claims: list[str]
    """Other claims whose services are pooled with this one's."""

    @cached_property
    def note_rows(self) -> list[dict[Hashable, Any]]:
        """`notes`, each as a dict."""
        return self.notes.to_dict("records")

    @cached_property
    def marks(self) -> dict[str, list[Passage]]:
        """By note id: the passages of each of `notes` that say what its fields say."""
        found = {}
        for note in self.note_rows:
            listed = self.sessions[self.sessions["note_id"] == note["note_id"]]
            told = {str(name): value for name, value in note.items()}
            found[str(note["note_id"])] = passages(told, listed.to_dict("records"))
        return found

    def with_note_before(self, note_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The note before `note_id` of the same discipline, and the note itself; None where there is none, or one
        has no text."""
        notes = self.earlier_notes
        own = notes[notes["note_id"] == note_id]
        same = notes[notes["discipline"].isin(own["discipline"])].reset_index(drop=True)
        place = same.index[same["note_id"] == note_id]
        if place.empty or place[0] == 0:
            return None
        before, after = ({str(k): v for k, v in same.loc[n].items()} for n in (place[0] - 1, place[0]))
        return (before, after) if before["text"] and after["text"] else None


def decided(connection: Connection, claim_version_id: int, viewer: int) -> Decided:
    """What the account `viewer` may see. Raises StateError when there is no such claim version."""
    seen = sight(connection, claim_version_id, viewer)
    now, differ = seen.now, differences_in(seen)
    own = cannot_judge(connection, now, viewer)
    return Decided(
        now.claim,
        seen.findings(),
        seen.missed(),
        seen.asks(),
        signatures_on(now),
        now.state,
        now.came,
        seen.stage,
        needed_for(now.plan),
        not now.uncovered,
        *_worth(connection, now),
        own,
        own or against_approval(now, viewer),
        differ[differ["adjudicated_decision"] == ""],
    )


def inputs(connection: Connection) -> tuple[int, int, int]:
    """What `evidence` rests on: the newest load, the number of those undone, the newest payer profile. Where they are
    the same as before, so is the record of any claim."""
    newest = select(
        select(func.max(schema.loads.c.id)).scalar_subquery(),
        select(func.count(schema.withdrawals.c.load_id)).scalar_subquery(),
        select(func.max(schema.payer_profiles.c.id)).scalar_subquery(),
    )
    load, undone, profile = connection.execute(newest).one()
    return load or 0, undone, profile or 0


def _worth(connection: Connection, now: Standing) -> tuple[Decimal | None, Decimal | None]:
    kept = schema.run_claims.c
    mine = (kept.claim_version_id == now.id) & (kept.run_id == now.run.get("id"))
    row = connection.execute(select(kept.dollars_over, kept.dollars_under).where(mine)).first()
    return (row[0], row[1]) if row else (None, None)


class _Shown(Prepared):
    """The grains without what only rules and prices ask for: partners of codes, changes in dollars. A reviewer waits
    for them."""

    @cached_property
    def line(self) -> pd.DataFrame:
        return with_note(self._lines, self.linked_notes, self._note_services)

    @cached_property
    def day(self) -> pd.DataFrame:
        return days.days(self.line, self.linked_notes, self.services_of_day).assign(change="")

    @cached_property
    def service(self) -> pd.DataFrame:
        return billed_services.billed_services(self.line, self.services_of_day, self.day)


def evidence(engine: Engine, claim_version_id: int, facts: Facts | None = None) -> Evidence:
    """Raises StateError when the version is not the current one of its claim."""
    tables = reading.tables_in_store(engine, claim_version_ids=[claim_version_id], beside=Beside())
    claims = tables.claims
    claim_id = claims.loc[claims["claim_version_id"] == claim_version_id, "claim_id"].iloc[0]
    prepared = _Shown(tables, facts or load_facts())
    lines = prepared.line[prepared.line["claim_id"] == claim_id]
    of_claim = lines["day"].unique()
    notes = prepared.linked_notes[prepared.linked_notes["day"].isin(of_claim)].reset_index(drop=True)
    sessions = prepared.sessions[prepared.sessions["note_id"].isin(notes["note_id"])]
    services = _services(prepared, of_claim)
    return Evidence(
        lines=lines.reset_index(drop=True),
        notes=notes,
        services=services,
        sessions=sessions.reset_index(drop=True),
        shares=_shares(prepared, services, claim_id),
        days=prepared.day[prepared.day["claim_id"] == claim_id].reset_index(drop=True),
        components=_components(prepared, lines),
        earlier_notes=_in_order(prepared),
        visits=_visits(prepared, notes["note_id"]),
        plans=tables.plans_of_care,
        other_claims=sorted(set(prepared.line.loc[prepared.line["day"].isin(of_claim), "claim_id"]) - {claim_id}),
    )


def _in_order(prepared: Prepared) -> pd.DataFrame:
    linked = prepared.linked_notes
    notes = linked.loc[linked["day"].notna(), ["note_id", "discipline", "service_date", "text"]]
    return notes.sort_values(["discipline", "service_date", "note_id"], ignore_index=True)


def _services(prepared: Prepared, of_claim: Any) -> pd.DataFrame:
    """All services of the days, the documented but unbilled ones too, with a label."""
    rows = prepared.services_of_day[prepared.services_of_day["day"].isin(of_claim)]
    labels = _labels(prepared.facts)
    told = [labels.get(service.split("+")[0], "") for service in rows["service"].tolist()]
    return rows.assign(label=pd.array(told, dtype="str")).reset_index(drop=True)


@once_for_facts
def _labels(facts: Facts) -> dict[str, str]:
    """The newest label of each code."""
    return dict(zip(facts["codes"]["code"], facts["codes"]["label"], strict=True))


def _shares(prepared: Prepared, services: pd.DataFrame, claim_id: str) -> pd.DataFrame:
    assisted = services["in_pool"] & (services["assistant_minutes"].fillna(0) > 0)
    if not assisted.any():
        return services.iloc[:0].assign(parts_known=False)
    return prepared.service[prepared.service["claim_id"] == claim_id].reset_index(drop=True)


def _components(prepared: Prepared, lines: pd.DataFrame) -> dict[int, list[Component]]:
    if not evaluations.evaluating(lines).any():
        return {}
    found = prepared.evaluation[prepared.evaluation["claim_id"].isin(lines["claim_id"])]
    return dict(zip(found["line_number"].astype(int), found["components"], strict=True))


def _visits(prepared: Prepared, of_claim: pd.Series[str]) -> pd.DataFrame:
    """Notes of other days with the codes that their services name."""
    wanted = ["service_date", "note_type", "author_name", "author_credential", "total_timed_minutes"]
    linked = prepared.linked_notes
    others = linked.loc[~linked["note_id"].isin(of_claim), [*wanted, "total_treatment_minutes", "note_id"]]
    rows = others.sort_values(["service_date", "note_id"], ascending=False, ignore_index=True)
    told = prepared.sessions[["note_id", "procedure_code"]].drop_duplicates()
    codes = told_of(rows.pop("note_id"), joined(told["procedure_code"], told["note_id"], " "))
    return rows.assign(codes=codes.astype("str"))


def claim_version(engine: Engine, claim_id: str) -> int | None:
    """The current version of a claim that has been screened, for a link by its id."""
    claims, screened, runs = schema.claims.c, schema.run_claims.c, schema.runs.c
    ran = exists().where(screened.claim_version_id == claims.id, runs.id == screened.run_id, runs.state == "finished")
    with read(engine) as connection:
        return connection.execute(select(claims.id).where(claims.claim_id == claim_id, claims.is_current, ran)).scalar()
