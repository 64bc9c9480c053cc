"""Text of which each that differs is held once: a row has only its number.

Columns of `Tables` and of the grains are such. Rules treat them as any text of pandas; a million rows are compared,
chosen, sorted and grouped by small whole numbers. What makes a new text of two gives plain `str`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype, register_extension_dtype, take
from pandas.api.indexers import check_array_indexer

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.signedinteger[Any]]]"
MISSING = -1
"""The number of no text, where a join finds none. The tables have "" instead."""


@register_extension_dtype
class SharedTextDtype(ExtensionDtype):
    name = "shared text"
    type = str
    na_value = np.nan

    @classmethod
    def construct_array_type(cls) -> Any:
        return SharedText

    def _get_common_dtype(self, dtypes: list[Any]) -> Any:
        """With plain text it becomes plain text."""
        if all(one == self for one in dtypes):
            return self
        return PLAIN if all(one == self or isinstance(one, pd.StringDtype) for one in dtypes) else None


SHARED = SharedTextDtype()
PLAIN = pd.StringDtype("python", na_value=np.nan)


def _asked_by_pandas(answer: Callable[[Any, Any], Any]) -> Any:
    """Series, indexes and frames ask for their rows themselves."""

    def method(self: SharedText, other: Any) -> Any:
        return NotImplemented if isinstance(other, pd.Series | pd.Index | pd.DataFrame) else answer(self, other)

    return method


class SharedText(ExtensionArray):
    """`numbers`: the place of each row's text in `texts` (plain `str`, each once, none missing), or MISSING."""

    def __init__(self, numbers: Any, texts: Any) -> None:
        self.numbers: Numbers = numbers
        self.texts: Any = texts

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> SharedText:
        if isinstance(scalars, SharedText):
            return scalars.copy() if copy else scalars
        return shared(*_each_once(scalars))

    @property
    def dtype(self) -> SharedTextDtype:
        return SHARED

    @property
    def nbytes(self) -> int:
        return int(self.numbers.nbytes)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Any]:
        return iter(np.asarray(self.plain()).tolist())

    def tolist(self) -> list[Any]:
        return list(self)

    def plain(self) -> Any:
        """The same as plain `str`."""
        return self.texts.take(self.numbers, allow_fill=self._lacks())

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        if dtype == SHARED:
            return self.copy() if copy else self
        held = self.plain()
        return held if dtype == PLAIN else held.astype(dtype, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.plain(), dtype=dtype)

    def __arrow_array__(self, type: Any = None) -> Any:
        return self.plain().__arrow_array__(type)

    def isna(self) -> Any:
        return self.numbers < 0

    def _lacks(self) -> bool:
        return bool(self.numbers.min(initial=0) < 0)

    def _same(self, numbers: Any) -> SharedText:
        return type(self)(numbers, self.texts)

    def __reduce__(self) -> Any:
        """A part that goes elsewhere takes only its own texts along."""
        held = _used(self)
        return type(self), (held.numbers, held.texts)

    def copy(self) -> SharedText:
        return self._same(self.numbers.copy())

    def __getitem__(self, item: Any) -> Any:
        plain = isinstance(item, np.ndarray | slice | int)
        found = self.numbers[item if plain else check_array_indexer(self, item)]
        if isinstance(found, np.ndarray):
            return self._same(found)
        return self.texts[found] if found >= 0 else np.nan

    def __setitem__(self, key: Any, value: Any) -> None:
        if pd.api.types.is_list_like(value):
            own, other = _together([self, self._from_sequence(value)])
            given: Any = other.numbers
        else:
            own, given = self._with(value)
        self.texts, self.numbers = own.texts, own.numbers.copy()
        self.numbers[check_array_indexer(self, key)] = given

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> SharedText:
        places = np.asarray(indices)
        if not allow_fill or places.min(initial=0) >= 0:
            return self._same(self.numbers.take(places))
        held, fill = self._with(fill_value)
        return held._same(take(held.numbers, places, allow_fill=True, fill_value=fill))

    def _with(self, text: Any) -> tuple[SharedText, int]:
        """The same, with `text` among the texts, and its number."""
        if not isinstance(text, str):
            if not pd.isna(text):
                raise TypeError(f"a text is wanted, not {type(text).__name__}")
            return self, MISSING
        number = self._number(text)
        if number < len(self.texts):
            return self, number
        return shared(self.numbers, pd.array(np.append(np.asarray(self.texts), text), dtype=PLAIN)), number

    def _number(self, text: str) -> int:
        """That of a text; one more than there are where it is none of them."""
        found = np.flatnonzero(np.asarray(self.texts) == text)
        return int(found[0]) if len(found) else len(self.texts)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[SharedText]) -> SharedText:
        parts = _together(to_concat)
        return cls(np.concatenate([one.numbers for one in parts]), parts[0].texts)

    def factorize(self, use_na_sentinel: bool = True) -> tuple[Any, Any]:
        places, different = pd.factorize(self.numbers)
        if not use_na_sentinel or not self._lacks():
            return places, self._same(different)
        kept = different >= 0
        return np.where(kept, np.cumsum(kept) - 1, MISSING)[places], self._same(different[kept])

    def unique(self) -> SharedText:
        return self._same(pd.unique(self.numbers))

    def duplicated(self, keep: Any = "first") -> Any:
        return pd.Series(self.numbers).duplicated(keep).to_numpy()

    def isin(self, values: Any) -> Any:
        return self._of_each(lambda texts: texts.isin(values))

    def map(self, mapper: Any, na_action: Any = None) -> Any:
        if callable(mapper):
            return self.plain().map(mapper, na_action=na_action)
        return self._of_each(lambda texts: texts.map(mapper, na_action=na_action))

    def _of_each(self, ask: Callable[[Any], Any]) -> Any:
        """What is asked of each text by itself, and so once; not of texts without a row, where these may be many."""
        if self._lacks():
            return ask(self.plain())
        few = 8 * len(self.texts) < len(self)
        places, different = (self.numbers, self.texts) if few else _each_once(self)
        told = ask(_plain(different))
        return told.take(places) if hasattr(told, "take") else ask(self.plain())

    def _values_for_argsort(self) -> Any:
        if len(self) < len(self.texts):
            return np.asarray(self.plain())
        texts = np.asarray(self.texts)
        if (texts[:-1] <= texts[1:]).all():
            return self.numbers
        rank = np.empty(len(texts), dtype="int64")
        rank[texts.argsort()] = np.arange(len(texts))
        return rank.take(self.numbers)

    def _values_for_factorize(self) -> tuple[Any, Any]:
        return np.asarray(self.plain()), np.nan

    def _compared(self, other: Any, compare: Callable[[Any, Any], Any]) -> Any:
        alike = compare in (operator.eq, operator.ne)
        if isinstance(other, str):
            if alike and len(self.texts) < 2 * len(self):
                return compare(self.numbers, self._number(other))
            return self._of_each(lambda texts: compare(texts, other))
        same = isinstance(other, SharedText) and other.texts is self.texts
        if alike and same and not self._lacks():
            return compare(self.numbers, other.numbers)
        return compare(self.plain(), _plain(other))

    __eq__ = _asked_by_pandas(lambda self, other: self._compared(other, operator.eq))
    __ne__ = _asked_by_pandas(lambda self, other: self._compared(other, operator.ne))
    __lt__ = _asked_by_pandas(lambda self, other: self._compared(other, operator.lt))
    __le__ = _asked_by_pandas(lambda self, other: self._compared(other, operator.le))
    __gt__ = _asked_by_pandas(lambda self, other: self._compared(other, operator.gt))
    __ge__ = _asked_by_pandas(lambda self, other: self._compared(other, operator.ge))
    __add__ = _asked_by_pandas(lambda self, other: self.plain() + _plain(other))
    __radd__ = _asked_by_pandas(lambda self, other: _plain(other) + self.plain())
    __hash__ = None  # type: ignore[assignment]

    @property
    def categories(self) -> Any:
        """By this name pandas asks what `.str` may be used on."""
        return self.texts

    def __getattr__(self, name: str) -> Any:
        """What `.str` asks of an array of text is asked of each text."""
        if not name.startswith("_str_"):
            raise AttributeError(name)
        return lambda *given, **named: self._of_each(lambda texts: getattr(texts, name)(*given, **named))

    def _cast_pointwise_result(self, values: Any) -> Any:
        return self.texts[:0]._cast_pointwise_result(values)

    def _groupby_op(self, **asked: Any) -> Any:
        held: Any = super() if asked["how"] in ("first", "last") else self.plain()
        return held._groupby_op(**asked)

    def _reduce(self, name: str, *, skipna: bool = True, keepdims: bool = False, **more: Any) -> Any:
        return self.plain()._reduce(name, skipna=skipna, keepdims=keepdims, **more)

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str | None]:
        return str if boxed else repr


def _plain(texts: Any) -> Any:
    return texts.plain() if isinstance(texts, SharedText) else texts


def _each_once(texts: Any) -> tuple[Any, Any]:
    if isinstance(texts, SharedText):
        return texts.factorize()
    held: Any = texts if isinstance(texts, pd.arrays.StringArray) else pd.Series(texts, dtype=PLAIN).array
    return pd.factorize(held)


def _together(parts: Sequence[SharedText]) -> list[SharedText]:
    """The same, with numbers in texts that they share."""
    if all(one.texts is parts[0].texts for one in parts):
        return list(parts)
    used = [_used(one) for one in parts]
    numbers, texts = _each_once(np.concatenate([np.asarray(one.texts) for one in used]))
    ends = np.cumsum([len(one.texts) for one in used])
    places = [np.append(numbers[end - len(one.texts) : end], MISSING) for end, one in zip(ends, used, strict=True)]
    return [shared(place[one.numbers], texts) for place, one in zip(places, used, strict=True)]


def _used(one: SharedText) -> SharedText:
    """Without texts of no row, where there are more texts than rows."""
    if len(one.texts) <= len(one):
        return one
    numbers, different = one.factorize()
    return shared(numbers, different.plain())


def shared(numbers: Any, texts: Any) -> SharedText:
    """With numbers as small as can count the texts."""
    return SharedText(np.asarray(numbers).astype(np.min_scalar_type(-max(len(texts), 1)), copy=False), texts)


def spread(values: Any, numbers: Any) -> Any:
    """For each of `numbers` the one of `values` at this place; texts become shared ones."""
    return (SharedText._from_sequence(values) if values.dtype == "str" else values).take(numbers)


def for_all(text: str, rows: pd.DataFrame) -> pd.Series[str]:
    """The same text for each row."""
    return pd.Series(SharedText(np.zeros(len(rows), dtype="int8"), pd.array([text], dtype=PLAIN)), index=rows.index)


def in_plain(rows: pd.DataFrame) -> pd.DataFrame:
    """The same with plain `str`, as findings leave the engine."""
    return rows.astype({name: PLAIN for name in rows if rows[name].dtype == SHARED})
