"""The dossier of a sample: drawn again by a stranger, equal or not; watched samples from start to stop."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from audit import sampling
from audit.auditing import audits
from audit.cli import main
from audit.errors import AccessError, InputError, StateError
from audit.figures import dossier, results
from audit.loading import arrivals
from audit.store import schema
from audit.store.database import read
from tests.databases import filled
from tests.handed_in import month
from tests.reviewing import people_of, review_all
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
SEED = "20261125090000000001"


def watched_month(engine: Engine) -> int:
    """A watched sample of 24 claims, of which 6 are flagged, drawn."""
    with read(engine) as connection:
        run_id = connection.execute(select(schema.runs.c.id)).scalar_one()
        plan = sampling.watched_plan(audits.frame_of(connection, run_id, "watched"), 20)
    by = people_of(engine)["max"]
    made = audits.open_audit(engine, run_id, name="March", plan=plan, account_id=by, at=NOW)
    audits.draw_seed(engine, made, account_id=by, at=NOW, seed=SEED)
    return made


audit_id = filled("audit_id", watched_month, on="run_id")


def drawn(engine: Engine, audit_id: int) -> list[int]:
    table = schema.audit_claims.c
    with read(engine) as connection:
        query = select(table.claim_version_id).where(table.audit_id == audit_id).order_by(table.position)
        return list(connection.execute(query).scalars())


def write(engine: Engine, audit_id: int, path: Path, **changed: str) -> Path:
    """The dossier as a file; `changed`: parts put in the place of its own."""
    content = dossier.write(engine, results.results(engine, audit_id), made_by="Max", at=NOW)
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    parts |= {name.replace("_", "."): text.encode() for name, text in changed.items()}
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return path


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as file:
        return file.read(name).decode()


@on_sqlite
def test_a_stranger_draws_the_same_claims_and_counts_the_same(
    engine: Engine, audit_id: int, people: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review_all(engine, drawn(engine, audit_id)[:9], people["rita"])
    path = write(engine, audit_id, tmp_path / "march.zip")
    assert main(["verify-sample", str(path)]) == 0
    assert capsys.readouterr().out.startswith("Equal: the same claims in the same order")
    facts = json.loads(part(path, "dossier.json"))
    assert facts["seed"] == SEED
    assert facts["results"]["monitor"]["reviewed"] == 9
    with zipfile.ZipFile(path) as file:
        paper = file.read("dossier.pdf")
    assert paper.startswith(b"%PDF")
    everything = "".join(part(path, name) for name in dossier.PARTS)
    assert "Dressing with a reacher" not in everything, "a dossier holds no note"
    assert '"P01' not in everything, "a dossier names no patient"


@on_sqlite
def test_whatever_is_changed_in_a_dossier_is_found(engine: Engine, audit_id: int, tmp_path: Path) -> None:
    path = write(engine, audit_id, tmp_path / "march.zip")
    sample, frame, facts = part(path, "sample.csv"), part(path, "frame.csv"), part(path, "dossier.json")
    first, second = sample.splitlines()[1:3]
    swapped = sample.replace(first, "x").replace(second, first).replace("x", second)
    for changed, says in (
        ({"sample_csv": swapped}, "sample.csv, position 1"),
        ({"sample_csv": "\n".join(sample.splitlines()[:-1]) + "\n"}, "lists 19 claims, 20 are drawn"),
        ({"sample_csv": sample.replace(",no,no,no", ",yes,no,yes", 1)}, "strata: the reviews give"),
        ({"frame_csv": frame.replace("120.50", "120.51", 1)}, "frame.csv has the SHA-256"),
        ({"plan_json": part(path, "plan.json").replace("0.05", "0.06")}, "plan.json has the SHA-256"),
        ({"dossier_json": facts.replace(SEED, SEED[::-1])}, "sample.csv, position"),
    ):
        other = write(engine, audit_id, tmp_path / "other.zip", **changed)
        found = dossier.verify(other)
        assert any(says in one for one in found), (says, found)
        assert main(["verify-sample", str(other)]) == 1


@on_sqlite
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dossier.json", "[]"),
        ("dossier.json", '{"seed": "1"}'),
        ("sample.csv", "position,claim\n1,C1\n"),
        ("sample.csv", ""),
    ],
)
def test_a_part_that_is_another_file_is_refused(
    engine: Engine, audit_id: int, tmp_path: Path, name: str, content: str
) -> None:
    with pytest.raises(InputError, match=rf"{name} is not what a dossier holds\. Use it as saved"):
        dossier.verify(write(engine, audit_id, tmp_path / "other.zip", **{name.replace(".", "_"): content}))


@on_sqlite
def test_an_amount_that_is_none_is_refused(engine: Engine, audit_id: int, tmp_path: Path) -> None:
    header, first, *rest = part(write(engine, audit_id, tmp_path / "it.zip"), "sample.csv").splitlines()
    at = header.split(",").index("over")
    told = first.split(",")
    told[at] = "12.5"
    changed = "\n".join([header, ",".join(told), *rest]) + "\n"
    with pytest.raises(
        InputError, match=r"holds an amount that is not dollars and cents\. Use the dossier as it was saved"
    ):
        dossier.verify(write(engine, audit_id, tmp_path / "other.zip", sample_csv=changed))


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_what_is_no_dossier_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "it.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match="the file is no dossier"):
        dossier.verify(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("frame.csv", "x")
    with pytest.raises(InputError, match=r"dossier\.json is missing"):
        dossier.verify(path)
    assert main(["verify-sample", str(tmp_path / "none.zip")]) == 2


@on_sqlite
def test_a_watched_sample_knows_above_and_stops_once(engine: Engine, audit_id: int, people: dict[str, int]) -> None:
    before = results.results(engine, audit_id)
    assert (before.verdict, before.estimate) == ("unknown", None)
    assert "is not yet known" in before.sentence
    review_all(engine, drawn(engine, audit_id)[:16], people["rita"])
    now = results.results(engine, audit_id)
    assert now.verdict == "above"  # 6 of 24 are over-billed
    assert now.watch.decided_after <= 16
    assert "above your limit of 5 in 100" in now.sentence
    assert now.estimate is None, "an ordinary interval is none of a watched sample"
    stop = {"verdict": now.verdict, "reviewed": now.watch.reviewed, "account_id": people["max"], "at": NOW}
    audits.stop(engine, audit_id, **stop)
    assert results.results(engine, audit_id).stopped
    with pytest.raises(StateError, match="can be stopped, once"):
        audits.stop(engine, audit_id, **stop)


@on_sqlite
def test_only_what_was_reviewed_in_the_order_drawn_counts(
    engine: Engine, audit_id: int, people: dict[str, int]
) -> None:
    taken = drawn(engine, audit_id)
    review_all(engine, [*taken[:2], *taken[5:8]], people["rita"])
    assert results.results(engine, audit_id).watch.reviewed == 2


@on_sqlite
def test_a_claim_replaced_before_its_review_is_missing_and_an_error(
    engine: Engine, audit_id: int, people: dict[str, int]
) -> None:
    claims = results.results(engine, audit_id).claims
    gone = claims["claim_id"].iloc[0]
    files = [(name, content.replace(b",120.50", b",120.51")) for name, content in month()[:1]]
    arrivals.take_in(engine, files, account_id=people["rita"], at=NOW)
    after = results.results(engine, audit_id).claims.set_index("claim_id")
    assert after.loc[gone, ["missing", "reviewed", "in_error"]].all()


@on_sqlite
def test_a_larger_plan_on_the_same_frame_extends_the_sample(
    engine: Engine, audit_id: int, people: dict[str, int]
) -> None:
    with read(engine) as connection:
        held = audits.audit_of(connection, audit_id)
        frame = audits.frame_of(connection, held.run_id, "watched")
    plan = sampling.watched_plan(frame, 24)
    by = {"account_id": people["max"], "at": NOW}
    more = audits.open_audit(engine, held.run_id, name="More", plan=plan, **by)
    with pytest.raises(StateError, match="another seed"):
        audits.draw_seed(engine, more, seed=SEED[::-1], **by)
    assert audits.draw_seed(engine, more, **by) == SEED
    assert drawn(engine, more)[:20] == drawn(engine, audit_id)


@on_sqlite
def test_what_is_no_drawn_sample_has_no_dossier(engine: Engine, people: dict[str, int], run_id: int) -> None:
    made = audits.open_audit(engine, run_id, name="", plan=None, account_id=people["max"], at=NOW)
    with pytest.raises(StateError, match="no drawn sample"):
        dossier.write(engine, results.results(engine, made), made_by="Max", at=NOW)


@on_sqlite
def test_a_watched_sample_is_extended_with_its_seed_and_no_other_is(
    engine: Engine, audit_id: int, people: dict[str, int]
) -> None:
    by = {"account_id": people["max"], "at": NOW}
    more = audits.extend(engine, audit_id, by=100, **by)
    assert len(drawn(engine, more)) == 24
    assert drawn(engine, more)[:20] == drawn(engine, audit_id)
    with pytest.raises(StateError, match="no claim of this frame is left"):
        audits.extend(engine, more, by=100, **by)
    with read(engine) as connection:
        run_id = audits.audit_of(connection, audit_id).run_id
        plan = sampling.simple_plan(audits.frame_of(connection, run_id), 5)
    fixed = audits.open_audit(engine, run_id, name="Fixed", plan=plan, **by)
    audits.draw_seed(engine, fixed, **by)
    with pytest.raises(StateError, match="only a drawn sample that is watched"):
        audits.extend(engine, fixed, by=5, **by)


@on_sqlite
def test_taking_a_dossier_home_is_an_event(engine: Engine, audit_id: int, people: dict[str, int]) -> None:
    with pytest.raises(AccessError):  # it says what was found on each claim, which a blind reviewer must not know
        dossier.export(engine, audit_id, account_id=people["sam"], at=NOW)
    made = dossier.export(engine, audit_id, account_id=people["max"], at=NOW)
    with read(engine) as connection:
        event = connection.execute(select(schema.events).where(schema.events.c.kind == "dossier")).one()
    assert event.subject == f"audit {audit_id}"
    assert hashlib.sha256(made).hexdigest() in event.details
    assert json.loads(zipfile.ZipFile(io.BytesIO(made)).read("dossier.json"))["made_by"] == "Max"
