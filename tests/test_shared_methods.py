"""Every method of the shared examples is tested, or refused with a reason that docs/statistics.md gives."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audit.estimates import exact_limits
from audit.sampling import allocate
from tests.test_estimates import SHARED, examples

TESTED = {
    "exact_clopper_pearson": "here",
    "proportional": "here",
    "exact_hypergeometric": "test_estimates",
    "exact_hypergeometric_first_rejected (samplingbook convention)": "test_estimates",
    "mover_exact_hypergeometric": "test_estimates",
    "point_and_se": "test_estimates",
    "error_rate": "test_estimates",
    "zero_error_hypergeometric": "test_estimates",
    "attribute_acceptance_binomial": "test_estimates",
    "two_sided_90_t (OIG RAT-STATS convention)": "test_projections",
    "one_sided_90_lower (CMS PIM ch.8 convention, t)": "test_projections",
    "mean": "test_projections",
    "ratio": "test_projections",
    "total_and_se": "test_projections",
    "total_se_ci95_t": "test_projections",
    "point_estimate_projection": "test_projections",
    "beta_binomial_posterior": "test_variation",
    "binomial_exact_limits": "test_variation",
    "p_chart": "test_variation",
    "gwet_ac1": "test_agreement",
    "null_mean_without_replacement": "test_monitor",
    "betting_mart_constant_bet": "test_monitor",
    "sha256_order": "test_sampling",
}
"""Method -> the test file that runs its examples."""
NOT_OFFERED = {
    "wilson", "agresti_coull", "jeffreys", "wald_fpc", "korn_graubard_beta", "wald_proportion", "krejcie_morgan",
    "ppi_mean_lambda1_difference", "ppi_plus_plus_mean", "alpha_sample_size", "alpha_mart_p_fixed_eta",
    "prior_posterior_ratio_cs", "cohen_kappa", "brennan_prediger", "krippendorff_alpha",
    "krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "krippendorff_alpha_ratio",
}  # fmt: skip
DOCS = Path(__file__).parents[1] / "docs" / "statistics.md"


def test_every_shared_method_is_tested_or_refused_with_a_reason():
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is not here: the shared examples were NOT run")
    found = {row["method"] for row in csv.DictReader(SHARED.open(encoding="utf-8"))}
    assert found - NOT_OFFERED - set(TESTED) == set()
    files = {name: (Path(__file__).parent / f"{name}.py").read_text() for name in set(TESTED.values()) - {"here"}}
    for method, name in TESTED.items():
        known = method.partition(" ")[0]
        assert name == "here" or method == "sha256_order" or any(
            f'examples("{known[:size]}' in files[name] for size in range(4, len(known) + 1)
        ), method  # fmt: skip


@pytest.mark.parametrize(
    "named", ["Wilson", "Agresti", "Jeffreys", "Wald", "Korn", "Krejcie", "PPI", "ALPHA", "kappa", "Brennan",
              "Krippendorff", "prior-posterior"],
)  # fmt: skip
def test_the_docs_say_why_a_method_is_not_offered(named: str):
    assert named in DOCS.read_text(encoding="utf-8").partition("## Not offered")[2]


def test_exact_limits_of_a_frame_without_end_are_those_of_clopper_and_pearson():
    """R's binom.confint and Newcombe's table: what the hypergeometric limits come to when the frame is endless."""
    endless = 10**9
    for name, i, wanted, tolerance in examples("exact_clopper_pearson"):
        low, high = exact_limits(i["x"], i["n"], endless, i["conf"])
        assert low / endless == pytest.approx(wanted["lower"], abs=tolerance), name
        assert high / endless == pytest.approx(wanted["upper"], abs=tolerance), name


def test_equal_guesses_share_by_size():
    for name, i, wanted, _ in examples("proportional"):
        sizes = {str(place): stratum["N"] for place, stratum in enumerate(i["strata"])}
        shares = allocate(sizes, i["n"], dict.fromkeys(sizes, 0.05))
        assert list(shares.values()) == wanted["n_h"], name
