"""The grains about clinicians. Their patients are spread over the tables, so they are put together from what each
part of the tables tells of clinicians (`Prepared.seen`), and from all parts come out as from the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from audit.facts.reference import Facts
from audit.grains import patterns, provider_days

SEEN = {
    "provider_day": ("visits", "jobs", "patients"),
    "provider": ("alone",),
    "provider_figures": ("written",),
}
"""By grain, the frames that it is made of, each with `clinician`."""
ON_NO_CLAIM = ("provider", "provider_figures")
"""Grains about clinicians over all their visits: findings on them stand on no claim."""


@dataclass(frozen=True)
class OfClinicians:
    """`seen`: a frame of SEEN by name, of all visits of the clinicians in it."""

    seen: Callable[[str], pd.DataFrame]
    providers: pd.DataFrame
    facts: Facts

    @cached_property
    def provider(self) -> pd.DataFrame:
        return patterns.averages(self.seen("alone"), self.providers, self.facts)

    @cached_property
    def provider_figures(self) -> pd.DataFrame:
        return patterns.figures(self.seen("written"), self.providers, self.facts)

    @cached_property
    def provider_day(self) -> pd.DataFrame:
        return provider_days.provider_days(*map(self.seen, SEEN["provider_day"]))
