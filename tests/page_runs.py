"""One page as one person sees it, run without a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from audit.access import sessions
from audit.store.database import VARIABLE
from tests.places import PATIENCE

ROOT = Path(__file__).parents[1]


def page_of(engine: Engine, account_id: int, page: str, monkeypatch: pytest.MonkeyPatch, **address: object) -> AppTest:
    """`page` ("pages/reports/trail.py") on this database for this account, run once without an exception.

    Raises ValueError where the page is none of theirs: Streamlit runs their first page in its place.
    """
    monkeypatch.setenv(VARIABLE, str(engine.url))
    token = sessions.begin(engine, account_id, datetime.now(UTC))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app.user = {"session": sessions.sha256(token), "account": str(account_id)}
    app.switch_page(page)
    for word, value in address.items():
        app.query_params[word] = str(value)
    return ran(app.run()).switch_page(page)


def ran(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].value
    return app


def press(app: AppTest, label: str) -> AppTest:
    return ran(next(one for one in app.button if one.label == label).click().run())


def said(app: AppTest) -> str:
    """All that the page says, tables and small print included."""
    kinds = ("title", "subheader", "text", "markdown", "caption", "info", "warning", "error", "success")
    texts = [str(one.value) for kind in kinds for one in getattr(app, kind)]
    return "\n".join([*texts, *[one.proto.body for one in app.get("html")]])
