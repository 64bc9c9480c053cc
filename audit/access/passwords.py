"""Passwords: argon2id hashes (RFC 9106), and what a password must be to be taken."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from audit.errors import CountersignError

SHORTEST = 12
LONGEST = 200
GUESSES = 10**10
"""A password that falls to fewer guesses, by zxcvbn's count (Wheeler 2016), is refused: a common one, a date, a row
of keys, one's own name with a number."""
_COUNTED = 72
_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """The argon2id hash to keep, with its own salt. About 0.2 s and 64 MB."""
    return _hasher.hash(_plain(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` belongs to `password_hash`; None (no such account) costs the same and is never true."""
    nobody = _hash_of_nobody()
    try:
        right = _hasher.verify(password_hash or nobody, _plain(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


def demand(password: str, *, username: str, name: str = "") -> None:
    """Raise CountersignError, saying what to change, when `password` may not be chosen by this person."""
    from zxcvbn import zxcvbn  # noqa: PLC0415  12 MB of words, for the rare hour of a new password

    if not SHORTEST <= len(password) <= LONGEST:
        raise CountersignError(
            f"a password has {SHORTEST} to {LONGEST} characters", do="A short sentence is easy to remember"
        )
    if _plain(password).casefold() == username.casefold():
        raise CountersignError("the password may not be the username", do="Choose another password")
    known = ["countersign", username, *name.split()]
    if zxcvbn(_plain(password)[:_COUNTED], user_inputs=known)["guesses"] < GUESSES:
        raise CountersignError(
            "this password is among the first that are guessed", do="Use four or more words of your own"
        )


def _plain(password: str) -> str:
    """One form for letters that keyboards write in several ways (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())
