"""By claim, by code, by dollars, of all and of a part: each figure again from the raw rows by a second way."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from audit.figures import accuracies, results, upheld
from audit.figures.accuracies import Part
from audit.figures.drawn_lines import MISSED, drawn_lines
from audit.loading import arrivals
from audit.reviewing import review
from audit.store.database import read
from tests.databases import filled
from tests.handed_in import as_csv, claim, note, service
from tests.reviewing import drawn_of, leases, review_all, review_claim, sign_off, who
from tests.stored import NOW, on_sqlite
from tests.test_dossier import SEED, drawn

pytest_plugins = ["tests.databases", "tests.reviewing"]


def two_payers() -> list[tuple[str, bytes]]:
    """24 claims; six bill two units too many on the first of two lines; every other one is another payer's."""
    numbers = range(1, 25)
    others = {"payer_id": "acme", "payer_name": "Acme"}
    firsts = [claim(n, units=4 if n <= 6 else 2, **(others if n % 2 else {})) for n in numbers]
    seconds = [{**one, "line_number": "2", "procedure_code": "97165", "units": "1", "place_of_service": "12"}
               for one in firsts[:8]]  # fmt: skip
    return [
        ("claims.csv", as_csv([{"place_of_service": "11", **one} for one in [*firsts, *seconds]])),
        ("notes.csv", as_csv([note(n) for n in numbers])),
        ("note_services.csv", as_csv([service(n) for n in numbers])),
    ]


audit_id = filled("audit_id", lambda engine: drawn_of(engine, two_payers(), 16, SEED), on="people")


def only_unit_01(engine: Engine, audit_id: int, by: int) -> None:
    """Agree with UNIT-01, dismiss all else, and sign."""
    for one in drawn(engine, audit_id):
        leases.take(engine, int(one), account_id=by, at=NOW)
        with read(engine) as connection:
            found = review.findings_of(connection, int(one), by)
        for finding in found[found["severity"] != "untestable"].to_dict("records"):
            kind = review.AGREE if finding["rule"].startswith("UNIT") else review.DISMISS
            review.decide(engine, finding["id"], kind=kind, reason="accepted", account_id=by, at=NOW)
        sign_off.sign_reviewed(engine, int(one), **who(by))


def test_codes_and_claims_in_error_are_those_of_the_raw_decisions(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    only_unit_01(engine, audit_id, people["rita"])
    now = results.results(engine, audit_id)
    lines = drawn_lines(engine, now)
    with read(engine) as connection:
        named = connection.execute(text(
            "SELECT DISTINCT d.claim_version_id, f.line_number, f.procedure_code FROM decisions d "
            "JOIN findings f ON f.id = d.finding_id WHERE d.kind = 'agree' AND f.severity IN ('error', 'warning')"
        )).all()  # fmt: skip
        every = connection.execute(text(
            "SELECT l.claim_version_id, l.line_number, l.procedure_code FROM claim_lines l "
            "JOIN audit_claims a ON a.claim_version_id = l.claim_version_id"
        )).all()  # fmt: skip
    wrong = {(version, number) for version, number, code in every for v, n, c in named
             if v == version and (n == number or (n is None and c in (code, None, "")))}  # fmt: skip
    assert {(one.claim_version_id, one.line_number) for one in lines.itertuples() if one.in_error} == wrong
    assert len(lines) == len(every)
    by_code = accuracies.accuracy(now, lines, Part(), "code")
    by_claim = accuracies.accuracy(now, lines, Part(), "claim")
    assert by_claim.rate == pytest.approx(now.estimate.rate)
    assert by_claim.in_error == now.claims["in_error"].sum() == len({version for version, _ in wrong}) > 0
    flags = {row.claim_id: row.stratum for row in now.audit.frame.rows}
    stratum = dict(zip(now.claims["claim_version_id"], now.claims["claim_id"].map(flags), strict=True))
    sizes = pd.Series(list(flags.values())).value_counts()
    drawn_of = pd.Series(list(stratum.values())).value_counts()
    weight = {version: sizes[name] / drawn_of[name] for version, name in stratum.items()}
    share = sum(weight[v] for v, _ in wrong) / sum(weight[v] for v, _, _ in every)
    assert by_code.rate == pytest.approx(share)
    assert by_code.lower < share < by_code.upper


def test_parts_add_up_to_the_whole_and_a_rule_narrows_what_is_wrong(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    only_unit_01(engine, audit_id, people["rita"])
    now = results.results(engine, audit_id)
    lines = drawn_lines(engine, now)
    whole = accuracies.groups(now, lines, Part(), "payer", "code")
    assert whole["group"].tolist() == ["Acme", "Medicare Part B"]
    assert whole["reviewed"].sum() == len(lines)
    assert whole["in_error"].sum() == lines["in_error"].sum()
    acme = accuracies.accuracy(now, lines, Part(payer="Acme"), "claim")
    of_acme = now.claims[now.claims["payer"] == "Acme"]
    assert (acme.claims, acme.in_error) == (len(of_acme), of_acme["in_error"].sum())
    places = accuracies.groups(now, lines, Part(place="12"), "code", "code")
    assert places["group"].tolist() == ["97165"]
    assert (places["says"] == accuracies.TOO_FEW).all()
    none = accuracies.accuracy(now, lines, Part(rule="MOD-01"), "claim")
    assert (none.rate, none.claims) == (0, 16)
    assert accuracies.accuracy(now, lines, Part(payer="Nobody"), "claim") is None
    assert accuracies.accuracy(now, lines, Part(since=NOW.date()), "code") is None


def test_dollars_over_and_under_are_shares_of_what_is_billed(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    only_unit_01(engine, audit_id, people["rita"])
    now = results.results(engine, audit_id)
    priced = upheld.with_billed(engine, upheld.with_dollars(engine, now.claims))
    lines = drawn_lines(engine, now)
    said = accuracies.dollar_accuracy(now, priced, lines, Part(payer="Medicare Part B"))
    known = priced[priced["billed"].notna()]
    assert set(known["payer"]) == {"Medicare Part B"}, "no fees of Acme are on file"
    plain = known.loc[~known["claim_id"].isin([f"C{n:02}" for n in range(1, 9)]), "billed"]
    assert set(plain) == {plain.iloc[0]}
    assert isinstance(plain.iloc[0], Decimal)
    weights = accuracies.stratum_of(now).map(now.strata.set_index("stratum").eval("frame_size / drawn"))[known.index]
    rate = (weights * known["over"].astype(float)).sum() / (weights * known["billed"].astype(float)).sum()
    assert said["over"].rate == pytest.approx(rate)
    assert said["under"].rate == 0
    assert said["under"].upper is None


@on_sqlite
def test_a_person_who_saw_more_and_a_missing_record_count_for_each_line(
    engine: Engine, people: dict[str, int], audit_id: int
) -> None:
    ids = results.results(engine, audit_id).claims.set_index("claim_id")["claim_version_id"]
    some = [name for name in ids.index if name in ("C07", "C08")]
    assert some, "the seed draws a clean claim of two lines"
    seen = int(ids[some[0]])
    by = people["rita"]
    leases.take(engine, seen, account_id=by, at=NOW)
    review.report_missed(engine, seen, text="Another therapist wrote the note", account_id=by, at=NOW)
    gone = next(name for name in ids.index if int(name[1:]) > 8)
    newer = as_csv([claim(int(gone[1:]), charge_amount="99.00")])
    arrivals.take_in(engine, [("claims.csv", newer)], account_id=by, at=NOW)
    for one in ids.drop(gone):
        review_claim(engine, int(one), by, kind=review.DISMISS)
    now = results.results(engine, audit_id)
    lines = drawn_lines(engine, now)
    wrong = lines[lines["in_error"]]
    assert wrong["claim_version_id"].tolist().count(seen) == 2
    assert set(wrong.loc[wrong["claim_version_id"] == seen, "rules"]) == {MISSED}
    assert int(ids[gone]) in set(wrong["claim_version_id"])
    assert accuracies.accuracy(now, lines, Part(rule=MISSED), "claim").in_error == 2


@on_sqlite
def test_nothing_is_given_before_the_planned_end(engine: Engine, people: dict[str, int], audit_id: int) -> None:
    review_all(engine, drawn(engine, audit_id)[:3], people["rita"])
    now = results.results(engine, audit_id)
    lines = drawn_lines(engine, now)
    assert accuracies.accuracy(now, lines, Part(), "code") is None
    assert accuracies.dollar_accuracy(now, now.claims, lines, Part()) == {}
    assert set(accuracies.groups(now, lines, Part(), "therapist", "claim")["says"]) == {accuracies.TOO_FEW}


@on_sqlite
def test_who_has_no_name_is_told_by_number_and_no_group_is_without_a_word(
    engine: Engine, people: dict[str, int]
) -> None:
    files = [("claims.csv", as_csv([claim(1), claim(2, rendering_name="", payer_name="")]))]
    now = results.results(engine, drawn_of(engine, files, 2, SEED))
    lines = drawn_lines(engine, now)
    told = {name: set(accuracies.groups(now, lines, Part(), name, "claim")["group"]) for name in ("therapist", "payer")}
    assert told == {"therapist": {"L. Ortiz", "1234567893"}, "payer": {"Medicare Part B", "medicare-b"}}
