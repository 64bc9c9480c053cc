"""Facts loaded in a test: a folder of their own, and files taken into it.

PYTEST_DONT_REWRITE: it asserts nothing, and test modules import it before it is a plugin.
"""

from __future__ import annotations

import pytest

from audit.fact_files import fact_loading
from audit.fact_files.reading import Asked

PTP, MUE = "ccipra-v322r0-f4.txt", "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
RVU, ICD = "PPRRVU2027_Jan_nonQPP.csv", "icd10cm-order-2026.txt"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_FACTS", str(tmp_path / "facts"))
    return tmp_path / "facts"


def load(name: str, content: bytes, **asked: str) -> fact_loading.Report:
    return fact_loading.take([(name, content)], Asked(**asked))[0]
