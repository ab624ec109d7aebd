# ruff: noqa: E501 - lists of inputs are kept in rows
"""Changes to documents, tables and texts that keep most of their structure, so that they get past the first check."""

from __future__ import annotations

import copy
import datetime
import json
import random
import re
from collections.abc import Iterator
from typing import Any

TEXTS = [
    "", " ", "x", "time", "1", "-1", "0", "1 h", "-1 h", "0 h", "1e9 h", "1e-9 h", "1e999 h", "nan h", "inf", "nan", "5 nM",
    "80 %", "0 %", "100 %", "4 x", "-4 x", "0 x", "1 h^-9", "1 m^999999", "1 h^-99999999999999999999", "(((((1", "1/0", "1e308",
    "1e308 nM", "1e-308 nM", "1e300 x", "bt474", "./line.toml", "../outside.toml", "../../etc/passwd", "GR", "a vs b", "a / b",
    "lane: x 0 h", "minmax", "loading", "$x_{$", "\u2028", "\u0661 h", "\u00e9" * 200, "a" * 5000, "(" * 3000, "[" * 300,
    "<0.1", ">1e9", "#N/A", "NaN", "n.d.", "-", "1.000", "1,5", "1.234,5", "None", "true", "=1+1", "@x", "{{x}}", "<b>", "&amp;",
    "log(0)", "a/0", "0^0", "x^0.5", "exp(1e9)", "sin", "+", "A+", "floor(time)", "piecewise(1,2)", "tr\tb", "\\", '"', "'", "\0",
    "\x1b]0;x\x07\x1b[2J", "\u202ex", "\\input{/etc/passwd}", "2x\r",
]  # fmt: skip
VALUES: list[Any] = [
    0, -1, 1, 3, 10**30, -(10**18), 100_000_000, 1e308, -1e308, 5e-324, float("nan"), float("inf"), True, False, [], {}, [[]],
    [{}], [0], [""], {"a": {}}, {"a": 1}, {"to": "1 x", "at": "1 h"}, {"by": "80 %", "at": "1 h"}, datetime.date(2020, 1, 1),
]  # fmt: skip


def junk(draw: random.Random) -> Any:
    """A value that somebody might have put there."""
    return copy.deepcopy(draw.choice(TEXTS) if draw.random() < 0.6 else draw.choice(VALUES))


def paths(document: Any, above: tuple = ()) -> Iterator[tuple]:
    """Where something stands in a document of tables and lists."""
    if above:
        yield above
    entries = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in entries:
        yield from paths(value, (*above, key))


def mutated(document: Any, draw: random.Random, keys: list[str], most: int = 3) -> Any:
    """The document with entries removed, replaced, copied to other places, doubled, or added under known keys."""
    made = copy.deepcopy(document)
    for _ in range(draw.randint(1, most)):
        places = list(paths(made))
        if not places:
            break
        place = draw.choice(places)
        table = made
        for key in place[:-1]:
            table = table[key]
        key, choice = place[-1], draw.random()
        if choice < 0.15:
            del table[key]
        elif choice < 0.7:
            table[key] = junk(draw)
        elif choice < 0.8 and isinstance(table, list):
            table.extend(copy.deepcopy(table[key]) for _ in range(draw.choice([1, 2, 50])))
        elif choice < 0.9 and isinstance(table, dict):
            table[draw.choice(keys)] = junk(draw)
        else:
            other = made
            for part in draw.choice(places):
                if not isinstance(other, dict | list):
                    break
                other = other[part]
            table[key] = copy.deepcopy(other)
    return made


def varied(document: Any, draw: random.Random, most: int = 3) -> Any:
    """The document with numbers turned up or down, bare or within a text: most of what comes out is still valid."""
    made = copy.deepcopy(document)
    for _ in range(draw.randint(1, most)):
        *above, key = draw.choice(list(paths(made)))
        table = made
        for part in above:
            table = table[part]
        value, factor = table[key], draw.choice([0, 0.1, 0.5, 1.001, 2, 3, 10, 1000, -1])
        if isinstance(value, int | float) and not isinstance(value, bool):
            table[key] = type(value)(value * factor)
        elif isinstance(value, str):
            number = re.search(r"\d+(?:\.\d+)?", value)
            if number:
                table[key] = f"{value[: number.start()]}{float(number.group()) * factor:g}{value[number.end() :]}"
    return made


def scrambled(content: bytes, draw: random.Random) -> bytes:
    """A text with bytes changed, cut off, doubled, or lines exchanged."""
    if not content:
        return bytes([draw.randrange(256)])
    choice = draw.randrange(7)
    at = draw.randrange(len(content))
    end = min(len(content), at + draw.choice([1, 2, 8, 64]))
    if choice == 0:
        return content[:at]
    if choice == 1:
        return content[:at] + bytes(draw.randrange(256) for _ in range(end - at)) + content[end:]
    if choice == 2:
        return content[:at] + content[end:]
    if choice == 3:
        return content[:end] + content[at:end] * draw.choice([1, 2, 500]) + content[end:]
    if choice == 4:
        return content[:at] + draw.choice(TEXTS).encode() + content[end:]
    lines = content.split(b"\n")
    one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
    if choice == 5:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines.insert(one, lines[two])
    return b"\n".join(lines)


def to_toml(document: dict[str, Any]) -> str:
    """A document as TOML, tables written inline; Python's standard library only reads it."""
    return "".join(f"{json.dumps(str(key))} = {_toml(value)}\n" for key, value in document.items())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(str(k))} = {_toml(v)}' for k, v in value.items())} }}"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)
