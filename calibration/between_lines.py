"""How far the circuit misses a line of which it saw no datum, beyond the spread of its members and the discrepancy.

The discrepancy is fitted to lines whose own numbers were fitted with it; a line that is predicted from receptor levels
and genotype lies further off. By how much is told by lines that were left out in turn (left_out.py), for each line by
the others, and for lines of the registry by all of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from calibration.likelihood.data import Datum

FILE = Path(__file__).parent / "between_lines.toml"
FEWEST_LINES = 5
"""Lines that must have been left out before a spread is told; from fewer it is a guess."""
CANDIDATES = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 400)])
"""Spreads that are tried, on the scale of the data."""

Kind = tuple[str, str]
"""Kind of data and quantity, such as ("ligand_fold", "pERK")."""


class Miss(NamedTuple):
    """One datum of a line that was left out: its distance from the prediction, and the variance that this claimed."""

    line: str
    kind: Kind
    distance: float
    variance: float


def kind_of(datum: Datum) -> Kind:
    """By which data are put together."""
    return datum.kind, datum.quantity


def most_likely_spread(misses: Sequence[Miss]) -> float:
    """The standard deviation that, added to what predictions claim, makes the misses most likely."""
    distance, variance = (np.array([miss[k] for miss in misses]) for k in (2, 3))
    density = norm.logpdf(distance, 0.0, np.sqrt(variance + CANDIDATES[:, None] ** 2))
    return float(CANDIDATES[np.argmax(density.sum(axis=1))])


def spreads_between_lines(misses: Iterable[Miss], without: str = "") -> dict[Kind, float]:
    """Of each kind of data that enough lines have; one line may be left out, that which is judged."""
    own: dict[Kind, list[Miss]] = {}
    for miss in misses:
        if miss.line != without:
            own.setdefault(miss.kind, []).append(miss)
    known = (kind for kind, some in own.items() if len({miss.line for miss in some}) >= FEWEST_LINES)
    return {kind: most_likely_spread(own[kind]) for kind in known}


def text_of(spreads: Mapping[Kind, float]) -> str:
    """The file for the registry, TOML."""
    head = (
        "# Spread between lines that no datum tells, on the scale of the data; written by calibration/left_out.py\n"
        "# from all lines that it left out in turn. register.py adds it for lines of which the kind was never seen.\n"
    )
    kinds: dict[str, list[str]] = {}
    for (kind, quantity), spread in sorted(spreads.items()):
        kinds.setdefault(kind, []).append(f'"{quantity}" = {spread:.3g}')
    return head + "".join(f"\n[{kind}]\n" + "\n".join(lines) + "\n" for kind, lines in kinds.items())


def read_spreads(file: Path = FILE) -> dict[Kind, float]:
    """Those that were written."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {(kind, quantity): spread for kind, table in tables.items() for quantity, spread in table.items()}
