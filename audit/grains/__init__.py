"""Prepared tables, each of one stated grain, with the hard arithmetic as columns, so that a rule reads as the
sentence it checks.

Every grain has the columns a finding needs: claim_id, line_number, note_id, patient_id, service_date,
procedure_code. A claim line belongs to a *day*: one patient, one discipline, one date of service, over all
sessions and claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from audit.facts.reference import Facts
from audit.grains import (
    authorizations,
    billed,
    billed_services,
    cognitive,
    courses,
    daily_limits,
    days,
    documented,
    evaluations,
    favoured,
    filing,
    lines,
    notes,
    pairs,
    patient_years,
    patterns,
    plans,
    provider_days,
    separateness,
    sequences,
    supported,
    telehealth,
    treatment_days,
)
from audit.grains.clinicians import clinician_of
from audit.grains.limits import with_limits
from audit.grains.of_clinicians import OfClinicians
from audit.tables import Tables
from audit.texts import told_of

GRAINS = {
    "line": "one claim line",
    "service": "one service (97129 and 97130 are one) of a patient's day in one claim",
    "day": "one patient's day of service in one discipline, in one claim",
    "limit": "one code of a patient's day under one payer, in one claim, with the most units Medicare takes",
    "sequence": "one service timed outside the 15-minute pool, over its day or month, in one claim",
    "note": "one visit note of a claim's day",
    "evaluation": "one evaluation or re-evaluation line with its note",
    "evaluation_course": "one evaluation or re-evaluation line with what went before it in the patient's treatment",
    "pair": "two claim lines of one day whose codes stand in the pair table",
    "parted_pair": "two claim lines of a pair that a modifier calls separate, with what the notes say of it",
    "remote_line": "one claim line that the note or the claim says was not given in person",
    "filing": "one claim line as it is filed, with what may stand on a form on its date",
    "patient_year": "one Medicare therapy line with the running total of its patient's calendar year",
    "provider": "one clinician's billed visits with known minutes, all together",
    "provider_figures": "one clinician's written minutes beside those of all others",
    "provider_day": "one clinician's visit within their day over all patients, in one claim",
    "authorized_line": "one claim line of occupational therapy with its authorisation, and a discharge before it",
    "documented_line": "one claim line with what the notes of its day say in words",
    "episode_day": "one claim's day with its plan of care and its place among the treatment days",
}


SHARED = ("line", "day", "evaluation", "pair")
"""Grains of which others are made."""


@dataclass(frozen=True)
class Prepared:
    """The grains over one set of checked tables and one state of the facts; each is made when first asked for."""

    tables: Tables
    facts: Facts

    @cached_property
    def line(self) -> pd.DataFrame:
        rows = lines.with_note(self._lines, self.linked_notes, self._note_services)
        return pairs.with_partners(rows, self.facts)

    @cached_property
    def linked_notes(self) -> pd.DataFrame:
        """Every note with `day`: <NA> where no claim line shares its patient, discipline and date."""
        return notes.notes(self.tables, self._lines)

    @cached_property
    def service(self) -> pd.DataFrame:
        rows = billed_services.billed_services(self.line, self.services_of_day, self.day)
        rows["crossed"] = told_of(rows["day"], cognitive.crossed(self._lines, self._note_services))
        return rows.assign(paid_more=favoured.paid_more(rows, self.services_of_day, self._lines, self.facts))

    @cached_property
    def day(self) -> pd.DataFrame:
        rows = days.days(self.line, self.linked_notes, self.services_of_day)
        rows = supported.with_changes(rows, self.services_of_day, self.facts)
        return billed.with_whole_day(rows, self._lines)

    @cached_property
    def limit(self) -> pd.DataFrame:
        return daily_limits.limits(self.line, self.facts)

    @cached_property
    def sequence(self) -> pd.DataFrame:
        return sequences.sequences(self.line, self.linked_notes, self._note_services, self.facts)

    @cached_property
    def note(self) -> pd.DataFrame:
        rows = notes.of_claims(self.linked_notes, self.line, self._note_services)
        rows["as_of"] = pd.Timestamp(self.facts.as_of) if self.facts.as_of else pd.NaT
        return with_limits(rows, self.facts, {"sign_within": "SIGNATURE_DAYS"})

    @cached_property
    def evaluation(self) -> pd.DataFrame:
        return evaluations.evaluations(self.line, self.linked_notes, self._note_services)

    @cached_property
    def evaluation_course(self) -> pd.DataFrame:
        rows = self.evaluation
        if rows.empty:
            return rows
        return courses.evaluation_courses(rows, self._treatment_days, self.tables, self._lines, self.linked_notes)

    @cached_property
    def pair(self) -> pd.DataFrame:
        return pairs.pairs(self.line, self.facts)

    @cached_property
    def patient_year(self) -> pd.DataFrame:
        return patient_years.patient_years(self.line, self.facts)

    @cached_property
    def parted_pair(self) -> pd.DataFrame:
        return separateness.parted_pairs(self.pair, self._note_services, self.linked_notes)

    @cached_property
    def remote_line(self) -> pd.DataFrame:
        return telehealth.remote_lines(self.line, self.linked_notes, self.facts)

    @cached_property
    def filing(self) -> pd.DataFrame:
        return filing.filing(self.line, self.linked_notes, self.tables, self.facts)

    @property
    def provider(self) -> pd.DataFrame:
        return self._clinicians.provider

    @property
    def provider_figures(self) -> pd.DataFrame:
        return self._clinicians.provider_figures

    @property
    def provider_day(self) -> pd.DataFrame:
        return self._clinicians.provider_day

    @cached_property
    def _clinicians(self) -> OfClinicians:
        return OfClinicians(self.seen, self.tables.providers, self.facts)

    def seen(self, name: str) -> pd.DataFrame:
        """What these tables tell of clinicians: the frame of this name in `of_clinicians.SEEN`."""
        if name == "alone":
            return patterns.visits(self.day, self._notes_of_clinicians)
        if name == "written":
            return patterns.written(self._notes_of_clinicians, self._note_services)
        return self._seen_by_day[name]

    @cached_property
    def _seen_by_day(self) -> dict[str, pd.DataFrame]:
        return provider_days.seen(self.line, self._notes_of_clinicians, self._note_services, self.tables)

    @cached_property
    def _notes_of_clinicians(self) -> pd.DataFrame:
        who = clinician_of(self.linked_notes, self.tables.providers)
        return self.linked_notes.assign(clinician=who)

    @cached_property
    def authorized_line(self) -> pd.DataFrame:
        return authorizations.authorized_lines(self.line, self.linked_notes, self.tables)

    @cached_property
    def documented_line(self) -> pd.DataFrame:
        return documented.documented_lines(self.line, self.linked_notes, self.tables, self.facts)

    @cached_property
    def episode_day(self) -> pd.DataFrame:
        return plans.episode_days(self.tables, self.line, self._treatment_days, self.facts)

    @cached_property
    def _treatment_days(self) -> pd.DataFrame:
        return treatment_days.treatment_days(self._lines, self.linked_notes, self._note_services)

    @cached_property
    def billed(self) -> pd.DataFrame:
        """Units of each claim line by the patient-day in which they are priced."""
        return billed.billed(self._lines)

    @cached_property
    def own_fees(self) -> pd.DataFrame:
        """What payers other than Medicare pay, as `money.own_rates` takes it, with `payer_id`."""
        return billed.own_fees(self.tables)

    @cached_property
    def _lines(self) -> pd.DataFrame:
        return lines.lines(self.tables, self.facts)

    @cached_property
    def _note_services(self) -> pd.DataFrame:
        return notes.services(self.tables, self.linked_notes, self.facts)

    @property
    def sessions(self) -> pd.DataFrame:
        """The services as each linked note lists them, with minutes by person."""
        return self._note_services

    @cached_property
    def services_of_day(self) -> pd.DataFrame:
        return days.services_of_day(self._lines, self._note_services)

    def let_go(self, grain: str) -> None:
        """Frees what was prepared of a grain, unless others are made of it; it would be made anew if asked for."""
        if grain not in SHARED:
            self.__dict__.pop(grain, None)
