"""What an administrator sets in the environment for the gate: the address people use, and the proxies before it."""

from __future__ import annotations

import os
from ipaddress import ip_network
from urllib.parse import urlsplit

from audit.errors import InputError

PUBLIC_URL = "COUNTERSIGN_PUBLIC_URL"
TRUSTED_PROXIES = "COUNTERSIGN_TRUSTED_PROXIES"
THIS_MACHINE = "127.0.0.1"


def public_url() -> str:
    """The address people type, as https://host, without a slash at its end; "" when not set.

    Raises InputError when it is none, or is not https for another machine than this one.
    """
    written = (os.environ.get(PUBLIC_URL) or "").rstrip("/")
    if not written:
        return ""
    if not is_site(written) or urlsplit(written).path:
        raise InputError(
            f"'{written}' is not the address of a site with TLS", where=PUBLIC_URL, do="Write https://host, no more"
        )
    return written


def is_site(address: str) -> bool:
    """Whether it is the address of a site with TLS, or of one on this machine."""
    parts = urlsplit(address)
    here = parts.scheme == "http" and parts.hostname in ("localhost", THIS_MACHINE)
    return bool(parts.hostname) and not parts.query and (parts.scheme == "https" or here)


def public_host() -> str:
    """The host of `public_url`, or ""."""
    return urlsplit(public_url()).hostname or ""


def trusted_proxies() -> str:
    """Addresses, with commas, of the proxies whose X-Forwarded-For and -Proto are believed. Raises InputError."""
    written = os.environ.get(TRUSTED_PROXIES) or THIS_MACHINE
    for one in written.split(","):
        try:
            ip_network(one.strip(), strict=False)
        except ValueError:
            raise InputError(
                f"'{one.strip()}' is no address of a machine or network",
                where=TRUSTED_PROXIES,
                do="Write such as 10.0.0.5, or 10.0.0.0/24, with commas between",
            ) from None
    return written
