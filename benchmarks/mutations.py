"""Small faults to put into a module of Python, one at a time: what `benchmarks.mutants` lets the tests find.

A fault is a change of the text of one expression: `<` for `<=`, `+` for `-`, `and` for `or`, a number one higher, a
negation left out, a call left out, None returned. Texts (messages, names of columns) are left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}  # fmt: skip
COMPUTED = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "&"),
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}
TOLD = {"do", "where", "because", "expected", "observed", "note", "stacklevel", "title", "strict"}
"""Arguments that are words for people, and `strict` of zip, which tells of another fault at most."""


@dataclass(frozen=True)
class Mutation:
    """`old` becomes `new` at a place of `path`. `function` is the outermost one around it, "" for the module itself."""

    path: str
    function: str
    line: int
    text: str
    """The line as it stands, without its indentation."""
    old: str
    new: str
    start: int
    end: int
    """Bytes of the module's text that `new` takes the place of."""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What names it as long as its line stands, wherever that moves to."""
        return self.path, self.function, self.text, self.old, self.new

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutations(source: bytes, name: str) -> list[Mutation]:
    """All faults of a module, in the order of its text; `name` is the path that they give it."""
    return sorted(_Walk(source, name).walk(), key=lambda one: (one.start, one.end, one.new))


class _Walk:
    def __init__(self, source: bytes, name: str) -> None:
        self.source, self.name = source, name
        self.lines = source.splitlines(keepends=True)
        self.begins = [sum(map(len, self.lines[:n])) for n in range(len(self.lines))]

    def walk(self) -> Iterator[Mutation]:
        yield from self._inside(ast.parse(self.source), "", "")

    def _inside(self, node: ast.AST, function: str, scope: str) -> Iterator[Mutation]:
        """`scope` is the dotted place in classes; within a function everything belongs to the outermost one."""
        for child in _looked_at(node):
            if isinstance(child, ast.FunctionDef) and not function:
                outer = [*child.args.defaults, *(one for one in child.args.kw_defaults if one)]
                for one in outer:
                    yield from self._at(one, "")
                    yield from self._inside(one, "", scope)
                for one in child.body:
                    yield from self._at(one, scope + child.name)
                    yield from self._inside(one, scope + child.name, "")
            else:
                yield from self._at(child, function)
                inner = f"{scope}{child.name}." if isinstance(child, ast.ClassDef) else scope
                yield from self._inside(child, function, inner)

    def _at(self, node: ast.AST, function: str) -> Iterator[Mutation]:
        for start, end, new in self._changes(node):
            line = self.source.count(b"\n", 0, start)
            text = self.lines[line].decode().strip()
            yield Mutation(self.name, function, line + 1, text, self.source[start:end].decode(), new, start, end)

    def _changes(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:  # noqa: PLR0912  one branch a kind
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for before, operator, after in zip(sides, node.ops, sides[1:], strict=False):
                yield self._operator(before, after, *COMPARED[type(operator)])
        elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not _is_text(node):
            yield self._operator(node.left, node.right, *COMPUTED[type(node.op)])
        elif isinstance(node, ast.BoolOp):
            words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for before, after in zip(node.values, node.values[1:], strict=False):
                yield self._operator(before, after, *words)
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
            start = self._start(node)
            yield start, start + (3 if isinstance(node.op, ast.Not) else 1), ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield *self._span(node), str(not node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            yield *self._span(node), repr(node.value + 1)
        elif isinstance(node, ast.AugAssign) and type(node.op) in COMPUTED:
            old, new = COMPUTED[type(node.op)]
            yield self._operator(node.target, node.value, old + "=", new + "=")
        elif isinstance(node, ast.Return) and node.value and not _is_none(node.value):
            yield *self._span(node.value), "None"
        elif isinstance(node, ast.If | ast.IfExp) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
            start, end = self._span(node.test)
            yield start, end, f"not ({self.source[start:end].decode()})"
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield *self._span(node), "..."
        elif isinstance(node, ast.Call):
            yield from self._of_call(node)

    def _of_call(self, node: ast.Call) -> Iterator[tuple[int, int, str]]:
        end = self._span(node.func)[1]
        if isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
            yield *self._span(node.func), SWAPPED[node.func.id]
        elif isinstance(node.func, ast.Attribute) and node.func.attr in SWAPPED:
            yield end - len(node.func.attr), end, SWAPPED[node.func.attr]
        for keyword in node.keywords:
            if keyword.arg == "how" and isinstance(keyword.value, ast.Constant) and keyword.value.value == "left":
                yield *self._span(keyword.value), '"inner"'

    def _operator(self, before: ast.AST, after: ast.AST, old: str, new: str) -> tuple[int, int, str]:
        """The operator between two expressions; parentheses may stand around them."""
        start, end = self._span(before)[1], self._start(after)
        found = start + self.source[start:end].index(old.encode())
        return found, found + len(old), new

    def _start(self, node: ast.AST) -> int:
        return self._span(node)[0]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.begins[node.lineno - 1] + node.col_offset, self.begins[node.end_lineno - 1] + node.end_col_offset


def _looked_at(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node whose change could change what is computed."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "args" if _defines(node) else ""):
            continue
        for child in value if isinstance(value, list) else [value]:
            told = isinstance(child, ast.keyword) and child.arg in TOLD
            if isinstance(child, ast.AST) and not told:
                yield child


def _defines(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.Lambda)


def _is_text(node: ast.BinOp) -> bool:
    """Whether texts are put together: another operator fails at once."""
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        or (isinstance(side, ast.BinOp) and _is_text(side))
        for side in (node.left, node.right)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
