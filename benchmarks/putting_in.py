"""Putting a fault of `benchmarks.mutations` into the modules as they stand in this process."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from benchmarks.mutations import Mutation

ROOT = Path(__file__).parents[1]


def put_in(mutation: Mutation) -> bool:
    """Change the module as it stands in this process. False when nothing came of it."""
    path = ROOT / mutation.path
    code = compile(mutation.applied(source_of(path)), str(path), "exec", dont_inherit=True)
    if not mutation.function:
        return _put_into_module(mutation, code)
    wanted = next(one for one in _codes(code) if one.co_qualname == mutation.function)
    found = [one for one in gc.get_objects() if isinstance(one, FunctionType) and _same(one.__code__, wanted)]
    for one in found:
        one.__code__ = wanted
    return bool(found)


@cache
def source_of(path: Path) -> bytes:
    """The module as it stood at the beginning, whoever writes into it meanwhile."""
    return path.read_bytes()


def _same(one: CodeType, other: CodeType) -> bool:
    return one.co_filename == other.co_filename and one.co_qualname == other.co_qualname


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _put_into_module(mutation: Mutation, code: CodeType) -> bool:
    """Constants, values by default and attributes of classes: the module is run anew, and what came out otherwise
    takes the old one's place wherever it was imported."""
    name = mutation.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module = importlib.import_module(name)
    fresh = ModuleType(name)
    fresh.__dict__.update({key: vars(module)[key] for key in ("__file__", "__package__", "__spec__", "__path__")
                           if key in vars(module)})  # fmt: skip
    exec(code, fresh.__dict__)  # noqa: S102  our own module
    taken = [_taken_over(module, key, value) for key, value in vars(fresh).items() if not key.startswith("__")]
    return any(taken)


def _taken_over(module: ModuleType, key: str, new: Any) -> bool:
    old = vars(module).get(key)
    old_function, new_function = getattr(old, "check", old), getattr(new, "check", new)
    if isinstance(old_function, FunctionType) and isinstance(new_function, FunctionType):
        same = _equal(_defaults(old_function), _defaults(new_function))
        old_function.__defaults__, old_function.__kwdefaults__ = _defaults(new_function)  # type: ignore[assignment]
        return not same
    if isinstance(new, type):
        values = {n: v for n, v in vars(new).items() if not n.startswith("__") and not callable(v)}
        changed = {name: value for name, value in values.items() if not _equal(value, vars(old).get(name))}
        for name, value in changed.items():
            setattr(old, name, value)
        return bool(changed)
    if isinstance(new, ModuleType) or callable(new) or _equal(old, new):
        return False
    for other in list(sys.modules.values()):
        if vars(other).get(key) is old and key in vars(other):
            setattr(other, key, new)
    return True


def _defaults(function: FunctionType) -> tuple[Any, Any]:
    return function.__defaults__, function.__kwdefaults__


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)
