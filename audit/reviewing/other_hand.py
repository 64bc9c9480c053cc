"""Whether a person may judge a claim that somebody reviewed, asked before it is offered. What is done is checked again
by `sign_off` and by the database, whose guards say the same."""

from __future__ import annotations

from sqlalchemy import Connection, exists, or_, select

from audit.access import solo
from audit.reviewing.opinions import second_hands
from audit.store import schema
from audit.store.standing import Standing


def cannot_judge(connection: Connection, now: Standing, account_id: int) -> str:
    """Why this person may neither approve nor return nor send back this claim; "" when they may."""
    if solo.is_on(connection):
        return ""
    if _took_part(connection, now, account_id):
        return "You took part in its first review: another person approves or returns it."
    if _own_work(connection, now, account_id):
        return "You rendered or billed services of this claim: another person approves or returns it."
    return ""


def against_approval(now: Standing, account_id: int) -> str:
    """Why one who may judge this claim may not approve it, though it is ready; "" when they may."""
    if now.state == "ready" and now.in_error:
        return "An upheld error stands: the claim is returned, not approved."
    if now.people > 2 and account_id in second_hands(now):
        return "The plan asks for a third person: another one approves it."
    return ""


def _took_part(connection: Connection, now: Standing, account_id: int) -> bool:
    made = schema.decisions.c
    mine = (made.claim_version_id == now.id) & (made.account_id == account_id)
    first = select(exists().where(mine & (made.stage == "first") & (made.kind != "answer")))
    signed = any(one["meaning"] == "reviewed" and one["account_id"] == account_id for one in now.signatures)
    return signed or bool(connection.execute(first).scalar())


def _own_work(connection: Connection, now: Standing, account_id: int) -> bool:
    accounts, lines = schema.accounts.c, schema.claim_lines.c
    npi = connection.execute(select(accounts.npi).where(accounts.id == account_id)).scalar() or ""
    if npi in (now.claim["rendering_npi"], now.claim["billing_npi"]):
        return npi != ""
    theirs = (lines.claim_version_id == now.id) & or_(lines.rendering_npi == npi, lines.billing_npi == npi)
    return npi != "" and bool(connection.execute(select(exists().where(theirs))).scalar())
