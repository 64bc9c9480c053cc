"""Families of conditions and styles of note, read from `phrases/*.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PHRASES = Path(__file__).parent / "phrases"
SLOTS = ("reports", "responses", "next", "goals", "grounds")

COMORBIDITIES = {
    "adult": {
        "E11.9": "type 2 diabetes",
        "I10": "high blood pressure",
        "I25.10": "coronary heart disease",
        "J44.9": "chronic lung disease",
        "M81.0": "osteoporosis",
        "F32.A": "depression",
        "G47.33": "sleep apnoea",
    },
    "child": {
        "J45.909": "asthma",
        "F90.9": "attention deficit",
        "R63.32": "a long-standing feeding disorder",
        "G40.909": "epilepsy",
    },
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`age`: any, older, working or child. `levels`: weights of a low, moderate, high evaluation.
    `icd`: side -> ICD-10-CM codes in order."""

    name: str
    age: str
    levels: dict[int, int]
    icd: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measurement that moves from its first to its last value over an episode."""

    text: str
    first: int
    last: int

    def at(self, done: float) -> str:
        return self.text.replace("{n}", str(round(self.first + (self.last - self.first) * done)))


@dataclass(frozen=True, slots=True)
class Family:
    """What one family of conditions brings: `codes` with weights, `modalities` with percent of visits,
    phrases by slot, `deficits` as deficit -> what it takes away."""

    name: str
    region: str
    codes: dict[str, int]
    modalities: dict[str, int]
    conditions: tuple[Condition, ...]
    measures: tuple[Measure, ...]
    activities: dict[str, list[str]]
    deficits: dict[str, str]
    phrases: dict[str, list[str]]


@cache
def family(name: str) -> Family:
    """The family `name`: hand, shoulder, neuro, cognition or child."""
    raw = _read(name)
    return Family(
        name=name,
        region=raw["region"],
        codes=_whole(raw["codes"]),
        modalities=_whole(raw["modalities"]),
        conditions=tuple(_condition(c) for c in raw["conditions"]),
        measures=tuple(Measure(m["text"], int(m["from"]), int(m["to"])) for m in raw["measures"]),
        activities=raw["activities"],
        deficits=raw["deficits"],
        phrases={slot: raw[slot] for slot in SLOTS} | {"asides": raw.get("asides", voices()["asides"])},
    )


@cache
def voices() -> dict[str, Any]:
    """`phrases/voices.yaml` as it stands: words shared by all notes, and each clinician's style."""
    return _read("voices")


def names() -> tuple[list[str], list[str]]:
    """Invented first and last names."""
    raw = _read("names")
    return raw["first"], raw["last"]


def _read(name: str) -> dict[str, Any]:
    # BaseLoader: every value stays text, so that 97110 and I10 are never anything else.
    loaded: dict[str, Any] = yaml.load((PHRASES / f"{name}.yaml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    return loaded


def _condition(raw: dict[str, Any]) -> Condition:
    levels = {level: int(weight) for level, weight in enumerate(raw["levels"], start=1)}
    return Condition(raw["name"], raw["age"], levels, {s: codes.split() for s, codes in raw["icd"].items()})


def _whole(raw: dict[str, str]) -> dict[str, int]:
    return {key: int(value) for key, value in raw.items()}
