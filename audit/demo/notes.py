"""The text of each note: a therapist's words around the structured minutes, in the writer's own style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from audit.demo.chance import Deck, chance
from audit.demo.families import voices
from audit.demo.records import Patient, Visit
from audit.demo.sentences import extras, frequency, label, service_words, totals

LONGEST = 900
"""Characters beyond which a note is written again without its aside."""
DOSED = ("report", "aside", "response", "next")
"""Words whose phrases hold amounts to be filled in."""


def write_notes(seed: int, visits: list[Visit]) -> None:
    """Fill the text of every visit; after the planting, so that a note says what its minutes say."""
    scribes: dict[str, Scribe] = {}
    members = Counter(visit.day for visit in visits if visit.in_group)
    for visit in visits:
        patient = visit.patient
        if visit.findings:
            patient.comorbidity_named = visit.findings.comorbidities != "none"
        scribe = scribes.setdefault(patient.patient_id, Scribe(seed, patient))
        scribe.write(visit, members[visit.day])


class Scribe:
    """Writes one patient's notes in order of day; phrases are dealt so that no two notes are copies."""

    def __init__(self, seed: int, patient: Patient) -> None:
        self._patient = patient
        self._rng: Random = chance(seed, "text", patient.patient_id)
        self._decks: dict[str, Deck[str]] = {}
        self._measures = Deck(self._rng, patient.family.measures)
        self._last = ""
        self._evaluation = self._rng.choice(voices()["evaluation"])

    def write(self, visit: Visit, members: int = 1) -> None:
        """Fill the text of the visit and of its services. `members`: size of the group, if it is one."""
        dose = self._dose()
        for service in visit.services:
            service.text = self._activity(service.code).format_map(dose)
        template = self._evaluation if visit.findings else voices()["voices"][visit.author.voice]["daily"]
        words, opening = self._words(visit, dose), self._opening(visit, dose)
        for aside in (words["aside"], ""):
            body = template.format_map(words | {"aside": aside}).replace("  ", " ").replace(" \n", "\n")
            text = " ".join(filter(None, [opening, body, *extras(visit, members)]))
            if len(text) <= LONGEST:
                break
        visit.text = text[0].upper() + text[1:]
        if visit.copied and self._last:
            visit.text = f"{self._last} Seen again."
        self._last = visit.text

    def _words(self, visit: Visit, dose: dict[str, str]) -> dict[str, str]:
        voice = voices()["voices"][visit.author.voice]
        words = {
            "report": self._deal("reports"),
            "aside": self._deal("asides"),
            "work": voice["join"].join(service_words(visit, s) for s in visit.services),
            "measure": self._measures.deal().at(visit.progress),
            "response": self._deal("responses"),
            "next": self._deal("next"),
            "supervisor": visit.patient.therapist.name,
            "totals": totals(visit),
        }
        filled = {key: text.format_map(dose) if key in DOSED else text for key, text in words.items()}
        filled["measure"] = filled["measure"].replace("{side}", visit.patient.side)
        return filled | (self._findings(visit, filled["measure"], dose) if visit.findings else {})

    def _findings(self, visit: Visit, measure: str, dose: dict[str, str]) -> dict[str, str]:
        found, shared, patient = visit.findings, voices(), self._patient
        assert found is not None
        return {
            "heading": label(visit, visit.services[0].code, long=True),
            "condition": patient.condition.name,
            "side": patient.family.region.format(side=patient.side),
            "referrer": patient.referrer[0],
            "history": shared["history"][found.history_level],
            "deficits": "; ".join(f"{deficit} ({limit})" for deficit, limit in found.deficits.items()),
            "decision": shared["decision"][found.decision_making],
            "comorbid": shared["comorbidities"][found.comorbidities].format(comorbid=patient.comorbidity[1]),
            "assistance": shared["assistance"][found.assistance],
            "measure_words": f"Measured {measure}.",
            "goals": "; ".join(self._deal("goals").format_map(dose) for _ in range(2)),
            "frequency": frequency(visit.plan.per_week),
            "duration": f"{visit.plan.weeks} weeks",
        }

    def _opening(self, visit: Visit, dose: dict[str, str]) -> str:
        template: str = voices()["openings"].get(visit.note_type, "")
        if visit.note_type == "re-evaluation" and not visit.with_ground:
            template = "Re-evaluation, tests repeated."
        return (
            template.format(
                ground=self._deal("grounds") if visit.note_type == "re-evaluation" else "",
                day=visit.treatment_day,
                progress=self._deal("progress"),
                goal=self._deal("goals").format_map(dose),
                status=self._deal("status"),
            )
            if template
            else ""
        )

    def _activity(self, code: str) -> str:
        fixed: str | None = voices()["fixed_activities"].get(code)
        return fixed or self._deal(code, self._patient.family.activities.get(code))

    def _deal(self, slot: str, cards: Sequence[str] | None = None) -> str:
        if slot not in self._decks:
            own = cards or self._patient.family.phrases.get(slot) or voices()[slot]
            self._decks[slot] = Deck(self._rng, own)
        return self._decks[slot].deal()

    def _dose(self) -> dict[str, str]:
        rng = self._rng
        pain = rng.randrange(4)
        amounts = {
            "sets": rng.randrange(2, 5), "reps": rng.randrange(8, 17), "load": rng.randrange(1, 7),
            "hold": 5 * rng.randrange(2, 7), "cues": rng.randrange(2, 7), "hours": rng.randrange(5, 9),
            "pain": pain, "worse": pain + rng.randrange(1, 5),
        }  # fmt: skip
        return {name: str(amount) for name, amount in amounts.items()} | {"side": self._patient.side}
