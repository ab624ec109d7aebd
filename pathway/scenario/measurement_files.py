"""CSV files of measured points: long, wide, or plate counts; every bad row named with its line.

A number may be written "<0.1" (below detection) or ">65000" (saturated) wherever a value stands.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pathway.units import UnitError, conversion_factor

from . import quantities
from .experiment import Arm, Dose, Overlay, Scenario
from .laboratory import Laboratory
from .measurements import Measurement
from .mistakes import Mistake, did_you_mean, listed

LANE = ("replicate", "gel", "loading", "total")
REQUIRED = ("arm", "time", "observable", "value")
COLUMNS = (*REQUIRED, "unit", *LANE, "error", "error_kind", "below_detection", "saturated")
COUNTS = ("cell_line", "agent", "concentration", "time", "cell_count")
COUNT_COLUMNS = (*COUNTS, "replicate", "cell_count__ctrl", "cell_count__time0")
ERROR_KINDS = ("sd", "sem", "cv", "%", "sd_log")
YES = ("yes", "true", "1", "y")
NO = ("", "no", "false", "0", "n")
ARBITRARY = ("a.u.", "au", "AU", "fold")
CYCLES = ("ddCt", "dCt")
"""Units of a qPCR: cycles relative to a reference gene (and a reference sample)."""

_HEADED = re.compile(r"(?P<name>[^\[\]]+?)\s*(?:\[(?P<unit>[^\]]*)\])?$")
_CELL_COUNT_UNIT = "1"


@dataclass(frozen=True, eq=False)
class Bench:
    """What rows of a file may refer to.

    Attributes
    ----------
    arms : mapping of name to Arm
    doses : mapping of name to Dose
    start, end : float, hours
    laboratory : Laboratory
    units_needed : bool
        Whether a row without a unit is a mistake (it is, where the points are to be fitted).
    """

    arms: Mapping[str, Arm]
    doses: Mapping[str, Dose]
    start: float
    end: float
    laboratory: Laboratory
    units_needed: bool = False


def bench_of(scenario: Scenario, laboratory: Laboratory) -> Bench:
    """What the measurements of a scenario may refer to."""
    arms = {arm.name: arm for arm in scenario.arms}
    return Bench(arms, scenario.doses, scenario.start, scenario.end, laboratory, scenario.fit is not None)


def read_files(overlays: Sequence[Overlay], bench: Bench) -> tuple[tuple[Measurement, ...], list[Mistake]]:
    """The points of all files as they stand there, in the units of their observables, and every row without use."""
    points: list[Measurement] = []
    mistakes: list[Mistake] = []
    for table, overlay in enumerate(overlays):
        found, wrong = _read_file(overlay, bench)
        points += [replace(point, table=table) for point in found]
        mistakes += wrong
    return tuple(points), mistakes


def _read_file(overlay: Overlay, bench: Bench) -> tuple[list[Measurement], list[Mistake]]:
    try:
        header, rows = _rows_of(overlay.file)
    except UnicodeDecodeError as error:
        line = overlay.file.read_bytes()[: error.start].count(b"\n") + 1
        return [], [Mistake(f"{overlay.file}:{line}", "not UTF-8 text", line)]
    reader = _reader(header, bench)
    mistakes = [Mistake(f"{overlay.file}:1", text, 1) for text in reader.complaints(header)]
    if not rows:
        mistakes.append(Mistake(f"{overlay.file}:1", "this file holds no measurements", 1))
    if mistakes:
        return [], mistakes
    points: list[Measurement] = []
    seen: dict[tuple, int] = {}
    for line, row in rows:
        try:
            for point in reader.points(row):
                _check_point(point, overlay, bench, seen, line)
                points.append(replace(point, line=line, place=f"{overlay.file}:{line}"))
        except ValueError as error:
            mistakes.append(Mistake(f"{overlay.file}:{line}", str(error), line))
    return points, mistakes


def _rows_of(file: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and rows with their line numbers; lines that begin with # are passed over."""
    text = file.read_text(encoding="utf-8-sig")
    kept = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if not line.startswith("#")]
    rows = csv.DictReader(line for _, line in kept)
    header = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = header
    return header, [(kept[rows.line_num - 1][0], _stripped(row)) for row in rows]


def _stripped(row: Mapping[str | None, str | list[str] | None]) -> dict[str, str]:
    """A row's cells; None as a name holds those beyond the header, None as a value those that are missing."""
    return {name: value.strip() for name, value in row.items() if name is not None and isinstance(value, str)}


def _reader(header: Sequence[str], bench: Bench) -> _Long | _Wide | _Counts:
    if "cell_count" in header or "cell_line" in header:
        return _Counts(bench)
    units = bench.laboratory.units
    wide = [name for name in header if name not in COLUMNS and (m := _HEADED.match(name)) and m["name"] in units]
    return _Wide(bench, wide) if wide and "value" not in header else _Long(bench)


def _check_point(point: Measurement, overlay: Overlay, bench: Bench, seen: dict[tuple, int], line: int) -> None:
    """Refuse what cannot be, whatever form the file has."""
    if point.time > bench.end * (1 + 1e-9):
        raise ValueError(f"time {point.time:g} h lies after the end of the scenario ({bench.end:g} h)")
    if point.time < bench.start - 1e-9:
        raise ValueError(f"time {point.time:g} h lies before the first moment of the scenario ({bench.start:g} h)")
    key = (point.arm, round(point.time, 9), point.observable, point.replicate, point.gel)
    if seen.setdefault(key, line) != line:
        raise ValueError(
            f"the same arm, time, observable, replicate and gel stand on line {seen[key]}; "
            "name repeats in the column 'replicate'"
        )
    if bench.units_needed and not point.unit and not overlay.axis:
        wanted = bench.laboratory.units[point.observable]
        raise ValueError(f"no unit for {point.observable}; write its unit ({wanted}) or 'a.u.' for arbitrary units")
    if point.value < 0.0 and point.kind == "absolute":
        raise ValueError(f"{point.observable} cannot be negative ({point.value:g} {point.unit})")
    for word in ("loading", "total"):
        signal = getattr(point, word)
        if word == "loading" and word in overlay.normalize and signal is None:
            raise ValueError("normalize = \"loading\" needs a value in the column 'loading'")
        if word in overlay.normalize and signal is not None and signal <= 0.0:
            raise ValueError(f"{word} {signal:g} must be more than zero to be divided by")


# Three forms of rows


class _Long:
    """One point in each row."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def complaints(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with the header."""
        yield from _column_complaints(header, REQUIRED, COLUMNS)

    def points(self, row: Mapping[str, str]) -> Iterator[Measurement]:
        """The points of a row."""
        observable = row.get("observable", "")
        yield _point(self.bench, row, observable, row.get("value", ""), row.get("unit", ""), row.get("error", ""))


class _Wide:
    """One lane or well in each row, one observable in each column: "pAKT [a.u.]", "pAKT error"."""

    def __init__(self, bench: Bench, columns: Sequence[str]) -> None:
        self.bench = bench
        self.columns = {name: _HEADED.match(name).groupdict() for name in columns}  # type: ignore[union-attr]
        self.errors = {f"{found['name']} error": found["name"] for found in self.columns.values()}

    def complaints(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with the header."""
        own = [name for name in header if name not in self.columns and name not in self.errors]
        known = ("arm", "time", "unit", *LANE, "error_kind", *self.bench.laboratory.units)
        yield from _column_complaints(own, ("arm", "time"), known)

    def points(self, row: Mapping[str, str]) -> Iterator[Measurement]:
        """The points of a row; an empty cell was not measured."""
        for column, found in self.columns.items():
            if row.get(column):
                unit = found["unit"] or row.get("unit", "")
                error = row.get(f"{found['name']} error", "")
                yield _point(self.bench, row, found["name"], row[column], unit, error)


class _Counts:
    """Plate counts in the columns of the public GR scripts, matched to arms by cells, agent and concentration."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def complaints(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with the header."""
        yield from _column_complaints(header, COUNTS, COUNT_COLUMNS)

    def points(self, row: Mapping[str, str]) -> Iterator[Measurement]:
        """The count of a row: as a fold of the count at time zero where that is given."""
        agent, micromolar = row.get("agent", ""), _number(row.get("concentration", ""), "concentration").value
        if micromolar < 0.0:
            raise ValueError(f"concentration {micromolar:g} cannot be negative")
        arm = self._arm(row.get("cell_line", ""), agent if micromolar > 0.0 else "", micromolar)
        count = _number(row.get("cell_count", ""), "cell_count").value
        before = _optional(row.get("cell_count__time0", ""), "cell_count__time0")
        if before is not None and before <= 0.0:
            raise ValueError(f"cell_count__time0 {before:g} must be more than zero")
        yield Measurement(
            arm=arm,
            time=_hours(row.get("time", "")),
            observable=self.bench.laboratory.cell_count,
            value=count / (before or 1.0),
            unit="a.u." if before is None else _CELL_COUNT_UNIT,
            kind="arbitrary" if before is None else "absolute",
            replicate=row.get("replicate", ""),
            fold_of_start=before is not None,
        )

    def _arm(self, cells: str, agent: str, micromolar: float) -> str:
        """The arm of these cells that is given this agent alone, at this concentration."""
        wanted = _plain(cells)
        own = [arm for arm in self.bench.arms.values() if _plain(arm.cells) == wanted]
        if not own:
            known = dict.fromkeys(arm.cells for arm in self.bench.arms.values())
            raise ValueError(f"no arm has the cells '{cells}'.{did_you_mean(cells, known)} Cells: {listed(known)}")
        for arm in own:
            given = [self.bench.doses[name] for name in arm.doses if name in self.bench.doses]
            if not agent and not given:
                return arm.name
            if len(given) == 1 and self._is(given[0], agent, micromolar):
                return arm.name
        what = f"{micromolar:g} uM {agent}" if agent else "nothing"
        raise ValueError(f"no arm of '{cells}' is given {what}; arms: {listed(arm.name for arm in own)}")

    def _is(self, dose: Dose, agent: str, micromolar: float) -> bool:
        if dose.agent != agent or dose.amount is None:
            return False
        entry = self.bench.laboratory.agents[agent]
        amount = micromolar * conversion_factor("uM", entry.unit, entry.molar_mass)
        return math.isclose(amount, dose.amount, rel_tol=1e-3)


def _plain(cells: str) -> str:
    """A cell line's name without case and hyphens: "SK-BR-3" is "skbr3"."""
    return re.sub(r"[^a-z0-9]", "", cells.lower().removesuffix(".toml"))


def _column_complaints(header: Sequence[str], required: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    for name in (n for n in required if n not in header):
        yield f"the column '{name}' is missing; columns: {', '.join(COLUMNS)}"
    for name in (n for n in header if n not in known):
        yield f"unknown column '{name}'.{did_you_mean(name, known)}"
    for name in dict.fromkeys(n for n in header if header.count(n) > 1):
        yield f"two columns are called '{name}'"


# One point


def _point(bench: Bench, row: Mapping[str, str], observable: str, value: str, unit: str, error: str) -> Measurement:
    units = bench.laboratory.units
    if row.get("arm", "") not in bench.arms:
        name = row.get("arm", "")
        raise ValueError(f"no arm is called '{name}'.{did_you_mean(name, bench.arms)} Arms: {listed(bench.arms)}")
    if observable not in units:
        raise ValueError(f"no observable is called '{observable}'.{did_you_mean(observable, units)}")
    number = _number(value, "value")
    below, above = (_said(row, column) for column in ("below_detection", "saturated"))
    if (below or number.sign == "<") and (above or number.sign == ">"):
        raise ValueError("a value cannot be below detection and saturated at once")
    point = Measurement(
        arm=row["arm"],
        time=_hours(row.get("time", "")),
        observable=observable,
        value=number.value,
        unit=unit,
        kind=_kind(unit),
        replicate=row.get("replicate", ""),
        gel=row.get("gel", ""),
        loading=_optional(row.get("loading", ""), "loading"),
        total=_optional(row.get("total", ""), "total"),
        error=_optional(error, "error"),
        error_kind=_error_kind(row.get("error_kind", "")),
        below_detection=below or number.sign == "<",
        saturated=above or number.sign == ">",
    )
    if point.error is not None and point.error < 0.0:
        raise ValueError(f"error {point.error:g} cannot be negative")
    if point.error is not None and point.error_kind == "%":
        point = replace(point, error=point.error / 100.0, error_kind="cv")
    return _in_units(point, units[observable])


def _in_units(point: Measurement, wanted: str) -> Measurement:
    """In the observable's unit where the file's unit is one of that kind; cycles as what is left after so many."""
    if point.kind == "cycles":
        spread = None if point.error is None else point.error * math.log(2.0)
        fold = replace(point, value=2.0**-point.value, error=spread, error_kind="sd_log")
        return replace(fold, below_detection=point.saturated, saturated=point.below_detection)
    if point.kind == "arbitrary":
        return point
    try:
        factor = conversion_factor(point.unit, wanted)
    except UnitError as error:
        raise ValueError(f"unit: {error}; write 'a.u.' for arbitrary units") from None
    return point.scaled(factor)


def _kind(unit: str) -> str:
    if unit in CYCLES:
        return "cycles"
    return "arbitrary" if not unit or unit in ARBITRARY else "absolute"


def _error_kind(text: str) -> str:
    if text and text not in ERROR_KINDS:
        raise ValueError(f"error_kind '{text}' is not one of {listed(ERROR_KINDS)}.{did_you_mean(text, ERROR_KINDS)}")
    return text


def _said(row: Mapping[str, str], column: str) -> bool:
    text = row.get(column, "").lower()
    if text not in YES and text not in NO:
        raise ValueError(f"{column} is '{row[column]}'; expected yes or nothing")
    return text in YES


@dataclass(frozen=True)
class _Written:
    """A number as a table has it: "<0.1" is 0.1 with the sign "<"."""

    value: float
    sign: str = ""


def _number(text: str, column: str) -> _Written:
    sign = text[:1] if text[:1] in ("<", ">") else ""
    try:
        value = float(text[len(sign) :])
    except ValueError:
        raise ValueError(f"{column} '{text}' is no number" if text else f"{column} is empty") from None
    if not math.isfinite(value):
        raise ValueError(f"{column} '{text}' is not finite")
    return _Written(value, sign)


def _optional(text: str, column: str) -> float | None:
    return _number(text, column).value if text else None


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return quantities.hours(text)
    if not math.isfinite(value):
        raise ValueError(f"time '{text}' is not finite")
    return value
