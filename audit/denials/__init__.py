"""What payers denied, beside what the rules had found on the same lines.

A line is denied, in whole or in part, where a payer took off an amount that the patient does not owe and that is no
matter of price (`remittance_codes`, kind "price"). The last answer that was not reversed counts. A finding is on a line
when it names it, or its claim as a whole; findings are those of severity error and warning in the newest screening of
the claim's current version. That a finding lay on a denied line does not prove that it was the payer's reason.
"""

from audit.denials.lines import LINES, last_answer
from audit.denials.told import Denials, denials
from audit.reviewing.review_rights import TRAIL_READERS

READERS = TRAIL_READERS
"""Roles that see them with what was dismissed: none of them reviews."""
__all__ = ["LINES", "READERS", "Denials", "denials", "last_answer"]
