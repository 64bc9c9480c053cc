"""A small clinic whose persons cannot be mistaken: every value of a person holds a mark that stands nowhere else.

Some of them also hold what a browser must neither run nor fetch.
"""

from __future__ import annotations

from datetime import date, timedelta

from tests.handed_in import Row, as_csv, claim, note, service

ELSEWHERE = "elsewhere.invalid"
RUNS = f'<script>document.title="RAN"</script><img src=http://{ELSEWHERE}/i.png onerror=document.title="RAN">'
FETCHES = f"![x](http://{ELSEWHERE}/m.png) [here](javascript:document.title='RAN') <http://{ELSEWHERE}/auto>"
NAME = "Quilliqueth"
MEMBER = "ZQMEMBER"
WORDS = "zqwhisper"
FILE = "zqfilename"
BORN = date(1931, 7, 19)
MARKS = (NAME, MEMBER, WORDS, FILE, "1931-07-19", "07/19/1931", "19310719", "July 19, 1931")
"""None of these may be found where no patient's data belong."""


def patient(number: int) -> Row:
    return {
        "patient_id": f"{MEMBER}{number:03}",
        "patient_name": f"{NAME}, Jo {RUNS if number == 1 else ''}".strip(),
        "patient_birth_date": BORN.isoformat(),
    }


def files(claims: int = 6, over: int = 3, first: date = date(2026, 3, 1)) -> list[tuple[str, bytes]]:
    """Claims and notes of so many patients, the first `over` billed too high; two notes as text, one of them of a
    visit that no claim tells of; a claim and a second note of the last patient's day that are refused."""
    numbers = range(1, claims + 1)
    days = {n: (first + timedelta(days=n)).isoformat() for n in numbers}
    lines = [claim(n, units=4 if n <= over else 2, service_date=days[n], **patient(n)) for n in numbers]
    lines.append(claim(40, service_date="never", **patient(40)))
    notes = [note(n) | patient(n) | {"service_date": days[n], "signed_at": f"{days[n]}T17:00"} for n in numbers]
    notes = [one | {"text": f"{WORDS} dressing with a reacher, 30 minutes. {RUNS} {FETCHES}"} for one in notes]
    notes.append(notes[-1] | {"note_id": "N40", "total_timed_minutes": f"half {WORDS}"})
    return [
        ("claims.csv", as_csv(lines)),
        (f"{FILE} notes.csv", as_csv(notes)),
        ("note_services.csv", as_csv([service(n) for n in numbers])),
    ]


def document() -> tuple[str, bytes]:
    """A note as text, under a name that tells of its patient."""
    text = (
        f"Daily note\nPatient: {NAME}, Jo    DOB: 07/19/1931\nMRN: {MEMBER}777\nDate of service: 03/21/2026\n"
        f"97530 23 min {WORDS} {RUNS} {FETCHES}\nTotal timed minutes: 23\n"
    )
    return f"{FILE} {NAME} <img src=x onerror=alert(1)>.txt", text.encode()
