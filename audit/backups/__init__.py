"""Backups: everything an installation cannot make again, in one file that either kind of database is restored from.

A backup is a zip file: `tables/NAME.jsonl` with the rows of each table, `facts/...` with the facts that users loaded,
and, written last, `manifest.json` with the counts and digests of all of it. Secrets and who is signed in stay out.
"""

from audit.backups.restoring import Restored, restore, try_out
from audit.backups.writing import Written, back_up, place_for, thin_out

__all__ = ["Restored", "Written", "back_up", "place_for", "restore", "thin_out", "try_out"]
