"""Names that stand for patients and claims in a file that names none.

Safe harbour of 45 CFR 164.514(b)(2): what is left of a claim is a pseudonym, the year of service, the code, the payer
and the therapist. A pseudonym is HMAC-SHA-256 under a key that is drawn for one file and kept nowhere: within the file
one claim has one pseudonym, two files cannot be joined, and nobody can go back from it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

LENGTH = 10
"""Characters of a pseudonym, 5 bits each: two of 100,000 claims share one in 1 of 200,000 files."""


class Pseudonyms:
    """The pseudonyms of one file."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of(self, kind: str, name: str) -> str:
        """The pseudonym of a claim or a patient: two kinds that share an id do not share it."""
        digest = hmac.new(self._key, f"{kind}\x1f{name}".encode(), hashlib.sha256).digest()
        return f"{kind[0].upper()}-{base64.b32encode(digest).decode()[:LENGTH]}"
