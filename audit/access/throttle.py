"""How often one place of the network may fail to sign in.

An account locks itself after a few wrong passwords; who tries one password on many accounts meets this instead. What
was tried is kept in the memory of this server alone, and bounded.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

TRIES = 30
WITHIN = timedelta(minutes=15)
MOST_PLACES = 10_000
"""Beyond that the place that failed longest ago is forgotten."""
_HOME = 64
"""Leading bits of an IPv6 address that one customer of a provider has alone."""


class Throttle:
    """Tries are counted before the password is looked at, so that many at once do not slip through; one that
    succeeds is not counted."""

    def __init__(self) -> None:
        self._tried: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def begin(self, address: str, now: datetime) -> timedelta:
        """Count a try from an address. Nothing (timedelta 0) when it may go on, else how long the place has to wait."""
        place = place_of(address)
        with self._lock:
            tried = self._tried.pop(place, deque(maxlen=TRIES))
            while tried and tried[0] <= now - WITHIN:
                tried.popleft()
            self._tried[place] = tried
            if len(self._tried) > MOST_PLACES:
                del self._tried[next(iter(self._tried))]
            if len(tried) == TRIES:
                return tried[0] + WITHIN - now
            tried.append(now)
            return timedelta(0)

    def succeeded(self, address: str) -> None:
        """The latest try from this address was no failure."""
        with self._lock:
            if tried := self._tried.get(place_of(address)):
                tried.pop()

    def is_full(self, address: str) -> bool:
        """Whether the next try from this address is refused."""
        with self._lock:
            return len(self._tried.get(place_of(address), ())) == TRIES


def place_of(address: str) -> str:
    """The address, or the network that one customer has, of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, _HOME), strict=False))
    return address
