"""Where the app and the facts lie that come with the package: beside it in a checkout, inside it in a wheel.

`pyproject.toml` says what a wheel carries in `audit/_shipped`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_shipped"
FOLDER = _WHEEL if _WHEEL.is_dir() else _PACKAGE.parent
"""The folder of `app.py`, `pages`, `data` and `.streamlit`."""
