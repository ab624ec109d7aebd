"""How the numbers of a file are written: which sign is the decimal one, which stands between thousands.

"1.000" alone is one or a thousand. All numbers of a file are looked at together: one that can be read in one way only
(300,5 or 0.25 or 1.234,5) decides for all. Where nothing decides, and it matters, the file is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
"""A number as this package writes it."""
_WRITTEN = re.compile(
    r"(?P<before>[<>]?\s*[-+]?)(?P<digits>[\d.,]*\d[.,]?)(?P<after>(?:[eE][-+]?\d+)?(?:\s*[^\d\s.,].*)?)", re.ASCII
)
_OTHER = {".": ",", ",": "."}
_NAMES = {".": "dot", ",": "comma"}


@dataclass(frozen=True)
class NumberFormat:
    """The signs within numbers.

    Attributes
    ----------
    decimal : str
        "." or ",".
    thousands : str
        The sign between thousands; "" where none occurs.
    """

    decimal: str = "."
    thousands: str = ""

    @classmethod
    def of(
        cls, cells: Iterable[tuple[int, str, str]], decimal: str | None = None
    ) -> tuple[NumberFormat, list[tuple[int, str]]]:
        """The signs in a file, and (line, text) of every number that contradicts them or leaves them open.

        Parameters
        ----------
        cells : iterable of (line, column, text)
            Text that is no number is passed over.
        decimal : str, optional
            The decimal sign, where it is known.
        """
        entries = [(line, column, text, *_signs(text)) for line, column, text in cells]
        sure = [entry for entry in entries if entry[3]]
        if decimal is None and sure:
            decimal = sure[0][3]
        if decimal is None:
            return cls(), [(line, _open(column, text, sign)) for line, column, text, _, sign in entries if sign]
        example = next((f"line {e[0]} has a {_NAMES[decimal]} ('{e[2]}')" for e in sure if e[3] == decimal), "")
        other = example or f"it is a {_NAMES[decimal]} in this file"
        mistakes = [
            (line, f"{column} '{text}' has a {_NAMES[own]} as its decimal sign, but {other}")
            for line, column, text, own, _ in sure
            if own != decimal
        ]
        thousands = _OTHER[decimal]
        return cls(decimal, thousands if any(_uses(entry[2], thousands) for entry in entries) else ""), mistakes

    def plain(self, cell: str) -> str:
        """The cell with its number as Python writes it; a cell without a number as it is."""
        match = _WRITTEN.fullmatch(cell)
        if match is None:
            return cell
        digits = match["digits"]
        if self.thousands and self.thousands in digits:
            whole, sign, part = digits.partition(self.decimal)
            if not _grouped(whole, self.thousands) or self.thousands in part:
                return cell
            digits = whole.replace(self.thousands, "") + sign + part
        return f"{match['before']}{digits.replace(self.decimal, '.')}{match['after']}"


def _open(column: str, text: str, sign: str) -> str:
    return (
        f"{column} '{text}' may be {text.replace(sign, '.')} or {text.replace(sign, '')}, and nothing in this file "
        f'decides; write it without the {_NAMES[sign]}, or say decimal = "." or "," in [data]'
    )


def _signs(cell: str) -> tuple[str, str]:
    """The decimal sign that a number must have ("" where it says nothing), and the sign that may be either."""
    match = _WRITTEN.fullmatch(cell)
    if match is None:
        return "", ""
    digits = match["digits"]
    signs = [sign for sign in _OTHER if sign in digits]
    if len(signs) == 2:
        return max(signs, key=digits.rindex), ""
    if not signs:
        return "", ""
    sign = signs[0]
    if digits.count(sign) > 1:
        return (_OTHER[sign], "") if _grouped(digits, sign) else ("", "")
    whole, _, part = digits.partition(sign)
    if _grouped(digits, sign) and match["after"][:1] not in ("e", "E"):
        return "", sign
    return (sign, "") if whole or part else ("", "")


def _grouped(digits: str, sign: str) -> bool:
    """Whether a sign stands between thousands only: 1.000, 12.345.678; not 0.500, which nobody groups."""
    return re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+", digits) is not None


def _uses(cell: str, sign: str) -> bool:
    return (match := _WRITTEN.fullmatch(cell)) is not None and sign in match["digits"]
