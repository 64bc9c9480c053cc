"""Precision of rules and sensitivity of the book, recounted from the raw decisions."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import binomtest
from sqlalchemy import Engine, text

from audit.figures import results, rule_quality
from audit.reviewing import review
from audit.store.database import read
from tests.databases import filled
from tests.handed_in import month
from tests.reviewing import drawn_of, leases, review_claim, sign_off, who
from tests.stored import NOW, on_sqlite
from tests.test_dossier import SEED

pytest_plugins = ["tests.databases", "tests.reviewing"]


audit_id = filled("audit_id", lambda engine: drawn_of(engine, month(claims=24, over=14), 22, SEED), on="people")


def versions(engine: Engine, audit_id: int) -> dict[str, int]:
    claims = results.results(engine, audit_id).claims
    return dict(zip(claims["claim_id"], claims["claim_version_id"].astype(int), strict=True))


@on_sqlite
def test_precision_is_what_reviewers_upheld_of_what_they_decided(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    by, ids = people["rita"], versions(engine, audit_id)
    wrong = sorted(name for name in ids if int(name[1:]) <= 14)
    for n, name in enumerate(wrong):
        review_claim(engine, ids[name], by, kind=review.AGREE if n % 2 else review.DISMISS)
    found = rule_quality.rule_quality(engine)
    with read(engine) as connection:
        made = connection.execute(text("SELECT f.rule, d.kind FROM decisions d JOIN findings f ON f.id = d.finding_id"))
        counted = Counter(tuple(one) for one in made)
    for row in found.rows.to_dict("records"):
        upheld, dismissed = counted[row["rule"], "agree"], counted[row["rule"], "dismiss"]
        assert (row["upheld"], row["dismissed"], row["accepted"]) == (upheld, dismissed, dismissed)
        limits = binomtest(upheld, upheld + dismissed).proportion_ci(0.95)
        assert (row["lower"], row["upper"]) == pytest.approx((limits.low, limits.high))
    assert "UNIT-01" in found.proposed, "half of ten and more are upheld"
    assert "UNIT-01" in found.sentence
    assert "stay" in found.sentence


@on_sqlite
def test_sensitivity_is_the_share_of_errors_that_a_rule_found(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    by, ids = people["rita"], versions(engine, audit_id)
    clean = sorted(name for name in ids if int(name[1:]) > 14)
    for name, version in ids.items():
        if name == clean[0]:
            leases.take(engine, version, account_id=by, at=NOW)
            review.report_missed(engine, version, text="Another therapist wrote the note", account_id=by, at=NOW)
            sign_off.sign_reviewed(engine, version, **who(by))
        else:
            review_claim(engine, version, by)
    now = results.results(engine, audit_id)
    share = rule_quality.sensitivity(engine, now)
    flags = {row.claim_id: row.stratum for row in now.audit.frame.rows}
    sizes, drawn = Counter(flags.values()), Counter(flags[name] for name in ids)
    wrong = [name for name in ids if int(name[1:]) <= 14]
    weigh = sum(sizes[flags[name]] / drawn[flags[name]] for name in wrong)
    missed = sizes[flags[clean[0]]] / drawn[flags[clean[0]]]
    assert share.rate == pytest.approx(weigh / (weigh + missed))
    assert (share.claims, share.in_error) == (len(wrong) + 1, len(wrong))
    assert share.lower < share.rate
    assert "the rules find" in rule_quality.sensitivity_in_words(share)


@on_sqlite
def test_nothing_decided_is_told_as_such(engine: Engine, people: dict[str, int], audit_id: int) -> None:
    found = rule_quality.rule_quality(engine)
    assert found.rows.empty
    assert found.sentence.startswith("Too few decisions")
    assert rule_quality.sensitivity(engine, results.results(engine, audit_id)) is None
    assert rule_quality.sensitivity_in_words(None).startswith("Not known")
