"""Coverage of what is reported, in small: by summing every outcome, and by drawing whole audits with fixed seeds.

The full table is `python -m benchmarks.coverage`, printed in docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from audit.auditing.audits import Audit
from audit.estimates import Estimate, stratified_rate
from audit.figures.judging import estimate_of, strata_of
from audit.sampling import FLAGGED, UNFLAGGED, Frame, Plan, compliance_plan, draw_sample, flag_plan, freeze, simple_plan
from benchmarks import coverage
from benchmarks.monitor import FLAGS, Clinic, clinic

AUDITS = 150


def test_the_benchmark_sums_over_the_very_interval_that_is_reported():
    one = clinic(0.08, *FLAGS["good"], frame=2000)
    a, b = (coverage.ends(size, wrong, 15, 0.95) for size, wrong in zip(one.sizes, one.errors, strict=True))
    for x, y in ((8, 1), (9, 0), (6, 2)):  # likely ones: rare outcomes are left out
        found = stratified_rate([(int(one.sizes[0]), 15, x), (int(one.sizes[1]), 15, y)])
        i, j = (int(np.abs(side.middle - seen * size / 15).argmin())
                for side, seen, size in zip((a, b), (x, y), one.sizes, strict=True))  # fmt: skip
        below = np.hypot(a.middle[i] - a.lower[i], b.middle[j] - b.lower[j]) / 2000
        assert found.rate - found.lower == pytest.approx(below)


@pytest.mark.parametrize("name", FLAGS)
def test_the_default_covers_whatever_the_flag_is_worth(name: str):
    for n in (30, 100):
        for rate in (0.02, 0.08):
            one = clinic(rate, *FLAGS[name], frame=2000)
            assert coverage.by_flag(one, coverage.planned(one, n)).coverage >= 0.94
            assert coverage.plain(one, n, 0.90).coverage >= 0.90 - 1e-3, "exact limits never fall below"
    assert coverage.afterwards(clinic(0.08, *FLAGS[name], frame=2000), 30).coverage >= 0.94


def frame_of(one: Clinic) -> tuple[Frame, set[str]]:
    rows, wrong = [], set()
    for stratum, size, errors in zip((FLAGGED, UNFLAGGED), one.sizes, one.errors, strict=True):
        ids = [f"{stratum[0].upper()}{n:05}" for n in range(size)]
        wrong |= set(ids[:errors])
        rows += [(claim_id, stratum, "", "") for claim_id in ids]
    return freeze(rows), wrong


def judged(frame: Frame, plan: Plan, wrong: set[str], number: int) -> Estimate:
    """One whole audit: the seed, the draw, the reviews, the interval that a manager would see."""
    seed = f"{number:020d}"
    order = draw_sample(frame, plan, seed).order
    claims = pd.DataFrame(order, columns=["stratum", "claim_id"]).assign(reviewed=True)
    claims["in_error"] = claims["claim_id"].isin(wrong)
    audit = Audit(1, "", 1, plan.kind, frame, plan, seed)
    found = estimate_of(audit, strata_of(audit, claims))
    assert found is not None
    return found


@pytest.mark.parametrize(("make", "least"), [(flag_plan, 0.94), (simple_plan, 0.94), (compliance_plan, 0.90)])
def test_audits_drawn_by_their_seeds_hold_the_truth(make: Callable[[Frame, int], Plan], least: float):
    """Fixed seeds: within three standard errors of the promise. A draw that were not random would show here."""
    frame, wrong = frame_of(clinic(0.08, *FLAGS["good"], frame=600))
    plan, truth = make(frame, 60), len(wrong) / frame.size
    found = [judged(frame, plan, wrong, number) for number in range(AUDITS)]
    held = np.mean([one.lower - 1e-9 <= truth <= one.upper + 1e-9 for one in found])
    assert held >= least - 3 * np.sqrt(least * (1 - least) / AUDITS)
    assert np.mean([one.rate for one in found]) == pytest.approx(truth, abs=0.01)
