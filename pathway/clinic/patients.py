"""One's own patients beside the prediction: read, drawn over it and scored. Nothing is fitted to them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pathway.errors import InputError, did_you_mean
from pathway.files import read_bytes

from . import MONTH
from .table37 import Progression

COLUMNS = ("woman", "miR21", "PTEN", "HER2", "progressed", "time [months]")
MARKER_COLUMNS = ("miR21", "PTEN", "HER2")
NEIGHBORS = 100
"""Virtual women with the nearest markers, whose share of progression is the prediction."""

LARGEST_FILE = 10_000_000
SMALLEST = 1e-3
"""No probability is taken to be nearer to 0 or 1 than this: nobody knows a woman that well."""


class PatientError(InputError):
    """A table of patients that cannot be used; one line for each mistake."""


@dataclass(frozen=True, eq=False)
class Patients:
    """One's own patients.

    Attributes
    ----------
    name : str
        Of the file.
    content : bytes
    women : tuple of str
    markers : mapping-like array, shape (n_women, 3)
        miR-21, PTEN and HER2 in any unit; nan where not measured.
    progressed : bool array, shape (n_women,)
    times : array, shape (n_women,), days
        Of progression, or of the last visit without it.
    """

    name: str
    content: bytes
    women: tuple[str, ...]
    markers: np.ndarray
    progressed: np.ndarray
    times: np.ndarray


def read_patients(file: Path) -> Patients:
    """A table of patients (CSV): miR21, PTEN, HER2, progressed (yes or no), time [months]; and woman, their names.

    Raises
    ------
    PatientError
        With file and line of every mistake.
    """
    try:
        content = read_bytes(file, LARGEST_FILE)
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PatientError(f"{file}: not a table of text: {error}") from None
    if not rows:
        raise PatientError(f"{file}: is empty; expected the columns {', '.join(COLUMNS)}")
    header = [name.strip() for name in rows[0]]
    mistakes = [
        f"{file}:1: no column is called '{name}'.{did_you_mean(name, COLUMNS)} Columns: {', '.join(COLUMNS)}"
        for name in header
        if name not in COLUMNS
    ]
    mistakes += [f"{file}:1: the column '{name}' is missing" for name in COLUMNS[1:] if name not in header]
    if mistakes:
        raise PatientError("\n".join(mistakes))
    read = [
        _row(file, number, dict(zip(header, row, strict=False)), mistakes)
        for number, row in enumerate(rows[1:], 2)
        if row
    ]
    if not read and not mistakes:
        mistakes.append(f"{file}: there is no woman in it")
    if mistakes:
        raise PatientError("\n".join(mistakes))
    women, markers, progressed, times = zip(*read, strict=True)
    return Patients(file.name, content, women, np.array(markers), np.array(progressed), np.array(times) * MONTH)


def _row(file: Path, line: int, row: dict[str, str], mistakes: list[str]) -> tuple[str, list[float], bool, float]:
    """One woman."""
    markers = []
    for name in (*MARKER_COLUMNS, "time [months]"):
        text = row.get(name, "").strip()
        try:
            value = float(text) if text or name == "time [months]" else np.nan
        except ValueError:
            value = 0.0
        if not (value > 0.0 or np.isnan(value)) or np.isinf(value) or (np.isnan(value) and text):
            mistakes.append(f"{file}:{line}: {name} is '{text}', expected a number above 0")
        markers.append(value)
    progressed = row.get("progressed", "").strip().lower()
    if progressed not in ("yes", "no", "1", "0", "true", "false"):
        mistakes.append(f"{file}:{line}: progressed is '{progressed}', expected yes or no")
    return row.get("woman", "").strip() or f"line {line}", markers[:3], progressed in ("yes", "1", "true"), markers[3]


@dataclass(frozen=True, eq=False)
class PatientScore:
    """What was predicted of patients, and how well.

    Attributes
    ----------
    patients : Patients
    predicted : array, shape (n_women,)
        Probability of progression by the woman's own time.
    base : array, shape (n_women,)
        The same of virtual women whatever their markers are.
    """

    patients: Patients
    predicted: np.ndarray
    base: np.ndarray

    @property
    def name(self) -> str:
        return self.patients.name

    @property
    def content(self) -> bytes:
        return self.patients.content

    def log_score(self, probabilities: np.ndarray) -> float:
        """Mean logarithm of the probability of what happened; the nearer to 0 the better."""
        clipped = np.clip(probabilities, SMALLEST, 1.0 - SMALLEST)
        return float(np.log(np.where(self.patients.progressed, clipped, 1.0 - clipped)).mean())

    def brier(self, probabilities: np.ndarray) -> float:
        """Mean squared distance from what happened; 0 is best."""
        return float(np.square(probabilities - self.patients.progressed).mean())

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Every woman."""
        header = ["woman", "progressed", "time [months]", "predicted probability", "without markers"]
        p = self.patients
        rows = zip(p.women, p.progressed, p.times / MONTH, self.predicted, self.base, strict=True)
        return header, [[w, "yes" if e else "no", float(t), float(a), float(b)] for w, e, t, a, b in rows]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "file": self.name,
            "women": len(self.predicted),
            "log_score": {"predicted": self.log_score(self.predicted), "without_markers": self.log_score(self.base)},
            "brier": {"predicted": self.brier(self.predicted), "without_markers": self.brier(self.base)},
        }

    def sentences(self) -> list[str]:
        """In plain words."""
        own, base = self.log_score(self.predicted), self.log_score(self.base)
        better = "better than" if own > base else "no better than"
        return [
            f"Of your {len(self.predicted)} patients the markers predict progression {better} no markers at all (mean "
            f"log score {own:.3f} against {base:.3f}); nothing was fitted to them."
        ]


def score_patients(patients: Patients, progression: Progression) -> PatientScore:
    """Predict every patient from virtual women with like markers.

    Parameters
    ----------
    patients : Patients
        Markers count relative to their own median: units do not matter, the cohort's middle is the virtual women's.
    progression : Progression
        Of the arm that they were given.
    """
    virtual = np.log(np.stack([progression.measured[name] for name in MARKER_COLUMNS], axis=1))
    scale = virtual.std(axis=0)
    virtual = (virtual - np.median(virtual, axis=0)) / scale
    known = np.isfinite(patients.markers)
    standardized = np.zeros_like(patients.markers)
    for column in np.flatnonzero(known.any(axis=0)):
        seen = known[:, column]
        logarithms = np.log(patients.markers[seen, column])
        standardized[seen, column] = (logarithms - np.median(logarithms)) / scale[column]
    count = min(NEIGHBORS, len(virtual))
    predicted = np.empty(len(standardized))
    for k, (row, available) in enumerate(zip(standardized, known, strict=True)):
        distance = np.square((virtual - row) * available).sum(axis=1)
        near = np.argsort(distance, kind="stable")[:count] if available.any() else np.arange(len(virtual))
        predicted[k] = (progression.moments[near] <= patients.times[k]).mean()
    base = np.array([(progression.moments <= time).mean() for time in patients.times])
    return PatientScore(patients, predicted, base)
