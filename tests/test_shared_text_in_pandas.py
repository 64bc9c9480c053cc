"""Shared text under the tests that pandas gives to whoever makes a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pandas.tests.extension import base
from pandas.tests.extension.conftest import *  # noqa: F403  the fixtures of these tests

from audit.shared_text import SHARED, SharedText, SharedTextDtype


def shared(*said: Any) -> SharedText:
    return SharedText._from_sequence(said)


@pytest.fixture
def dtype() -> SharedTextDtype:
    return SHARED


@pytest.fixture
def data() -> SharedText:
    return shared("x", "y", *"cdeabcde")


@pytest.fixture
def data_missing() -> SharedText:
    return shared(np.nan, "A")


@pytest.fixture
def data_for_sorting() -> SharedText:
    return shared("B", "C", "A")


@pytest.fixture
def data_missing_for_sorting() -> SharedText:
    return shared("B", np.nan, "A")


@pytest.fixture
def data_for_grouping() -> SharedText:
    return shared("B", "B", np.nan, np.nan, "A", "A", "B", "C")


@pytest.fixture
def na_value() -> float:
    return np.nan


class TestSharedText(
    base.BaseCastingTests, base.BaseConstructorsTests, base.BaseDtypeTests, base.BaseGetitemTests,
    base.BaseGroupbyTests, base.BaseIndexTests, base.BaseInterfaceTests, base.BaseMethodsTests, base.BaseMissingTests,
    base.BaseParsingTests, base.BasePrintingTests, base.BaseReshapingTests, base.BaseSetitemTests,
):  # fmt: skip
    # It has no views of itself and no lock against writing.
    test_view = test_transpose = test_setitem_preserves_views = test_array_interface_copy = None
    test_readonly_property = test_readonly_propagates_to_numpy_array_method = test_fillna_readonly = None
    test_getitem_propagates_readonly_property = None
    # What makes new texts gives plain ones, and sums of a group are texts put together.
    test_map = test_combine_add = test_in_numeric_groupby = None
    test_loc_setitem_with_expansion_retains_ea_dtype = None
    test_loc_setitem_with_expansion_preserves_ea_index_dtype = None
    # A number becomes its text, as in plain text; a mask that is too short is refused in NumPy's words.
    test_insert_invalid = test_getitem_mask_raises = None
