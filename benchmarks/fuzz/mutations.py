"""How a file is changed: its bytes, and the structure that its reader looks for."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

ODD = [
    *("", " ", "0", "-1", "1", "99999999999999999999", "1e309", "1E-400", "NaN", "Infinity", "-Infinity", "0x10"),
    *("00000000", "20260230", "99991231", "2026-02-29", "0000-00-00", "1582-10-10", "99/99/9999", "10000-01-01"),
    *("25:61", "24:00", "-08:00", "2026-03-12T25:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
    *("=1+1", "@SUM(A1)", "+1", "-1+1", "\t=1", "'=1", "=cmd|'/c calc'!A0", "../../etc/passwd", "C:\\x", "a/../../b"),
    *(
        "None",
        "null",
        "true",
        "[]",
        "{}",
        "\x00",
        "\ufeff",
        "\u202e",
        "\u2028",
        "\u0663",
        "\u00b2",
        "\uff12",
        "\U0001f600",
    ),
    *("97530", "97165", "KX", "GO", "CO", "1.005", "1.", ".5", "1,000", "(5.00)", "--5", "5-", "1_000", "٣٤"),
    *("a" * 300, "9" * 400, "\r", "\n", '"', '""', "'", ",", "|", "~", "*", ":", "%s", "%n", "{0}", "\\u0000"),
    *("<script>alert(1)</script>", "![x](http://x.invalid/y)", "' OR 1=1 --", "&#0;", "&lol;", "]]>", "<!--"),
]
MOST = 400_000
"""Bytes; what a mutation makes longer is cut."""


def mutated(content: bytes, name: str, other: bytes, chance: Random) -> bytes:
    """A file like `content`, changed once or a few times; `other` is spliced with it now and then."""
    way = _way(name, content) if chance.random() < 0.8 else in_bytes
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        try:
            content = way(content, other, chance)[:MOST]
        except (ValueError, IndexError, KeyError, csv.Error, zipfile.BadZipFile, NotImplementedError, RecursionError):
            content = in_bytes(content, other, chance)[:MOST]
    return content


def _way(name: str, content: bytes) -> Callable[[bytes, bytes, Random], bytes]:
    start = content.lstrip(b"\xef\xbb\xbf \r\n\t")[:4]
    if start == b"PK\x03\x04":
        return in_zip
    if start[:3] == b"ISA":
        return in_x12
    if start[:1] in (b"{", b"["):
        return in_json
    if start[:1] == b"<":
        return in_xml
    if name.endswith((".csv", ".tsv")):
        return in_csv
    return in_bytes if start in {b"%PDF", b"PAR1"} else in_lines


def _odd(chance: Random) -> str:
    return chance.choice(ODD)


def in_bytes(content: bytes, other: bytes, chance: Random) -> bytes:
    data = bytearray(content)
    a = chance.randrange(len(data) + 1)
    b = min(len(data), a + chance.choice((1, 2, 4, 16, 64, 1024)))
    match chance.randrange(9):
        case 0 if data:
            data[min(a, len(data) - 1)] ^= 1 << chance.randrange(8)
        case 1:
            del data[a:b]
        case 2:
            data[a:a] = data[a:b] * chance.choice((1, 2, 50))
        case 3:
            data[a:b] = _odd(chance).encode("utf-8", "surrogatepass")
        case 4:
            del data[a:]
        case 5:
            c = chance.randrange(len(other) + 1)
            data[a:b] = other[c : c + chance.choice((4, 64, 1024))]
        case 6:
            data[a:b] = bytes(chance.randrange(256) for _ in range(b - a))
        case 7:
            data[a:b] = chance.choice((b"\x00", b"\xff", b"\xff\xfe", b"\x80", b"\xed\xa0\x80")) * (b - a)
        case _:
            numbers = list(re.finditer(rb"\d+", bytes(data)))
            if numbers:
                one = chance.choice(numbers)
                data[one.start() : one.end()] = chance.choice((b"0", b"-1", b"4294967296", b"1" * 30, b"65535"))
    return bytes(data)


def in_lines(content: bytes, other: bytes, chance: Random) -> bytes:
    return _pieces(content, other, chance, b"\n", re.compile(rb"[^\s:|,]+"))


def in_x12(content: bytes, other: bytes, chance: Random) -> bytes:
    """Segments and elements changed; mostly the counts are mended, so that the change is read."""
    end = content[105:106] or b"~"
    found = _pieces(content, other, chance, end, re.compile(rb"[^*:]+"))
    return _counted(found, end) if chance.random() < 0.8 else found


def _counted(content: bytes, end: bytes) -> bytes:
    segments, since = content.split(end), 0
    for place, segment in enumerate(segments):
        since += 1
        if segment.strip().startswith(b"ST*"):
            since = 1
        elif segment.strip().startswith(b"SE*"):
            parts = segment.split(b"*")
            segments[place] = b"*".join([parts[0], str(since).encode(), *parts[2:]])
    return end.join(segments)


def _pieces(content: bytes, other: bytes, chance: Random, end: bytes, token: re.Pattern[bytes]) -> bytes:
    pieces = content.split(end)
    place = chance.randrange(len(pieces))
    match chance.randrange(7):
        case 0:
            del pieces[place]
        case 1:
            pieces[place:place] = [pieces[place]] * chance.choice((1, 2, 40))
        case 2:
            another = chance.randrange(len(pieces))
            pieces[place], pieces[another] = pieces[another], pieces[place]
        case 3:
            pieces[place] = chance.choice(other.split(end))
        case _:
            found = list(token.finditer(pieces[place]))
            if found:
                one = chance.choice(found)
                text = _odd(chance).encode("utf-8", "surrogatepass")
                pieces[place] = pieces[place][: one.start()] + text + pieces[place][one.end() :]
    return end.join(pieces)


def in_csv(content: bytes, other: bytes, chance: Random) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline="")))
    row = rows[chance.randrange(len(rows))]
    column = chance.randrange(max(1, *map(len, rows)))
    match chance.randrange(10):
        case 0:
            rows.remove(row)
        case 1:
            rows += [list(row) for _ in range(chance.choice((1, 3, 30)))]
        case 2:
            for each in rows:
                del each[column : column + 1]
        case 3:
            for each in rows:
                each[column:column] = [_odd(chance)]
        case 4:
            chance.shuffle(row)
        case 5:
            del row[column:]
        case _:
            if row:
                row[min(column, len(row) - 1)] = _odd(chance)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def in_json(content: bytes, other: bytes, chance: Random) -> bytes:
    """One value somewhere in it changed; lines of ndjson one by one."""
    text = content.decode("utf-8-sig")
    lines = text.splitlines() if _is_ndjson(text) else [text]
    place = chance.randrange(len(lines))
    tree = json.loads(lines[place])
    spots = list(_spots(tree))
    if spots:
        parent, key = chance.choice(spots)
        _change(parent, key, chance, spots)
    lines[place] = json.dumps(tree, ensure_ascii=chance.random() < 0.5)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _is_ndjson(text: str) -> bool:
    first = text.split("\n", 1)[0].strip()
    return first.startswith("{") and first.endswith("}")


def _spots(tree: Any) -> Any:
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(inside):
        yield tree, key
        yield from _spots(value)


def _change(parent: Any, key: Any, chance: Random, spots: list[Any]) -> None:
    odd: list[Any] = [None, True, 0, -1, 1e308, 10**30, 0.1, [], {}, [[]], "", [None], {"a": None}, "\ud800", [1, "a"]]
    match chance.randrange(6):
        case 0:
            del parent[key]
        case 1:
            parent[key] = chance.choice(odd)
        case 2:
            parent[key] = _odd(chance)
        case 3:
            other, at = chance.choice(spots)
            parent[key] = json.loads(json.dumps(other[at]))
        case 4:
            value = parent[key]
            parent[key] = [value] if not isinstance(value, list) else value * chance.choice((2, 30)) or [None]
        case _ if isinstance(parent, dict):
            other, at = chance.choice(spots)
            parent[str(at)] = json.loads(json.dumps(other[at]))


_PARTS = re.compile(rb"<[^<>]*>|[^<>]+")


def in_xml(content: bytes, other: bytes, chance: Random) -> bytes:
    parts = _PARTS.findall(content)
    place = chance.randrange(len(parts))
    match chance.randrange(9):
        case 0:
            del parts[place]
        case 1:
            parts[place:place] = parts[place : place + chance.choice((1, 5, 50))] * chance.choice((1, 3))
        case 2:
            del parts[place : place + chance.choice((2, 10, 100))]
        case 3:
            parts[place] = chance.choice(_PARTS.findall(other) or [b""])
        case 4:
            values = list(re.finditer(rb'"[^"]*"', parts[place]))
            if values:
                one = chance.choice(values)
                text = _escaped(chance)
                parts[place] = parts[place][: one.start() + 1] + text + parts[place][one.end() - 1 :]
        case 5:
            parts[place] = _escaped(chance)
        case 6:
            tag = chance.choice((b"<a>", b"<w:tbl>", b"<w:tr>", b"<table>", b"<td>", b"<section>", b"<component>"))
            depth = chance.choice((1, 10, 300))
            parts[place:place] = [tag * depth, tag.replace(b"<", b"</") * depth]
        case 7:
            parts.insert(1, b'<!DOCTYPE a [<!ENTITY lol "lol"><!ENTITY x SYSTEM "file:///etc/passwd">]>')
        case _:
            another = chance.randrange(len(parts))
            parts[place], parts[another] = parts[another], parts[place]
    return b"".join(parts)


def _escaped(chance: Random) -> bytes:
    text = _odd(chance)
    if chance.random() < 0.8:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.encode("utf-8", "surrogatepass")


def in_zip(content: bytes, other: bytes, chance: Random) -> bytes:
    """A part of it changed as what it is, left out, doubled or renamed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    place = chance.randrange(len(parts))
    name, part = parts[place]
    if chance.random() < 0.5:  # where the reader looks most
        place = max(range(len(parts)), key=lambda n: ("sheet1" in parts[n][0], "document.xml" in parts[n][0]))
        name, part = parts[place]
    match chance.randrange(12):
        case 0:
            del parts[place]
        case 1:
            parts.append((name, part))
        case 2:
            parts[place] = (chance.choice(("../../x", "/etc/x", "xl/vbaProject.bin", "a\\b", "", name.upper())), part)
        case 3:
            parts[place] = (name, b"\x00" * chance.choice((10, 1_000_000, 20_000_000)))
        case 4:
            parts[place] = (name, parts[chance.randrange(len(parts))][1])
        case _:
            way = in_xml if part.lstrip()[:1] == b"<" else in_csv if name.endswith(".csv") else in_bytes
            parts[place] = (name, way(part, part, chance))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts:
            archive.writestr(name or "x", part)
    return out.getvalue()
