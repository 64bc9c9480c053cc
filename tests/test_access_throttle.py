"""Tries to sign in from one place of the network: how many, for how long, and what is remembered of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.access import throttle
from audit.access.throttle import TRIES, WITHIN, Throttle, place_of

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
HERE, THERE = "203.0.113.7", "203.0.113.8"


def test_the_thirty_first_failure_waits_until_the_first_is_a_quarter_of_an_hour_old() -> None:
    tries = Throttle()
    for number in range(TRIES):
        assert not tries.begin(HERE, NOW + timedelta(seconds=number))
    assert tries.is_full(HERE)
    assert tries.begin(HERE, NOW + timedelta(minutes=5)) == WITHIN - timedelta(minutes=5)
    assert not tries.begin(THERE, NOW + timedelta(minutes=5)), "another place is not held back"
    assert tries.begin(HERE, NOW + WITHIN - timedelta(seconds=1))
    assert not tries.begin(HERE, NOW + WITHIN), "the first one has run out"
    assert tries.begin(HERE, NOW + WITHIN), "the second one has not"


def test_who_signs_in_is_not_counted() -> None:
    tries = Throttle()
    for _ in range(3 * TRIES):
        assert not tries.begin(HERE, NOW)
        tries.succeeded(HERE)
    assert not tries.is_full(HERE)


def test_tries_at_the_same_moment_are_counted_before_their_passwords_are_looked_at() -> None:
    tries = Throttle()
    waits = [tries.begin(HERE, NOW) for _ in range(TRIES + 5)]
    assert [bool(wait) for wait in waits] == [False] * TRIES + [True] * 5


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_PLACES", 3)
    tries = Throttle()
    for _ in range(TRIES):
        tries.begin(HERE, NOW)
    for number in range(3):
        tries.begin(f"198.51.100.{number}", NOW)
    assert not tries.is_full(HERE)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (HERE, HERE),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", HERE),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_ipv6_customer_is_one_place(address: str, place: str) -> None:
    assert place_of(address) == place
