"""CSV files of measured points: long, wide, or plate counts; every bad row named with its line.

A number may be written "<0.1" (below detection) or ">65000" (saturated) wherever a value stands, NA where nothing was
measured. A column may say its unit in its name: "time [min]", "concentration [nM]", "pAKT [a.u.]".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pathway.errors import did_you_mean, spelling
from pathway.files import is_inside_folder
from pathway.units import UnitError, conversion_factor, parse_quantity

from . import quantities
from .experiment import Arm, Dose, MeasurementTable, Scenario
from .laboratory import Laboratory
from .measurements import Measurement, normalized_points
from .mistakes import Mistake, ScenarioError, quoted_list
from .numerals import NUMBER
from .table_files import TextTable, UnreadableFileError, read_text_table, with_python_numbers

LANE = ("replicate", "gel", "loading", "total")
REQUIRED = ("arm", "time", "observable", "value")
COLUMNS = (*REQUIRED, "unit", *LANE, "error", "error_kind", "below_detection", "saturated")
COUNTS = ("cell_line", "agent", "concentration", "time", "cell_count")
COUNT_COLUMNS = (*COUNTS, "replicate", "cell_count__ctrl", "cell_count__time0")
TEXTS = (
    *("arm", "observable", "unit", "replicate", "gel", "error_kind", "below_detection", "saturated"),
    *("cell_line", "agent"),
)
"""Columns that hold names, not numbers."""
ERROR_KINDS = ("sd", "sem", "cv", "%", "sd_log")
YES = ("yes", "true", "1", "y")
NO = ("", "no", "false", "0", "n")
NOT_MEASURED = ("NA", "N/A", "n/a")
NO_NUMBERS = ("nan", "inf", "-inf", "+inf", "infinity", "-infinity")
ARBITRARY = ("a.u.", "au", "a.u", "arb. units", "arbitrary units", "rfu", "rlu", "fold", "%")
"""Units with an unknown factor to the model's, in small letters; a percentage is one of something, say of a control."""
CYCLES = ("ddCt", "dCt")
"""Units of a qPCR: cycles relative to a reference gene (and a reference sample)."""

_HEADED = re.compile(r"(?P<name>[^\[\]()]+?)\s*(?:\[(?P<unit>[^\]]*)\]|\((?P<round>.*)\))?$")
_NUMBER_WITH_UNIT = re.compile(rf"(?P<sign>[<>]?)\s*(?P<number>{NUMBER.pattern})\s*(?P<unit>(?![\d.,]).*)", re.ASCII)
MOST_MISTAKES = 20
_GROUPS = ("gel", "replicate")
_CELL_COUNT_UNIT = "1"


@dataclass(frozen=True, eq=False)
class TableContext:
    """What rows of a file may refer to.

    Attributes
    ----------
    arms : mapping of name to Arm
    doses : mapping of name to Dose
    start, end : float, hours
    laboratory : Laboratory
    units_needed : bool
        Whether a row without a unit is a mistake (it is, where the points are to be fitted).
    folder : Path
        Of the scenario; nothing of a file that lies elsewhere is shown in a message.
    """

    arms: Mapping[str, Arm]
    doses: Mapping[str, Dose]
    start: float
    end: float
    laboratory: Laboratory
    units_needed: bool = False
    folder: Path = Path()


def table_context(scenario: Scenario, laboratory: Laboratory) -> TableContext:
    """What the measurements of a scenario may refer to."""
    arms = {arm.name: arm for arm in scenario.arms}
    return TableContext(
        arms, scenario.doses, scenario.start, scenario.end, laboratory, scenario.fit is not None, scenario.file.parent
    )


@dataclass(frozen=True, eq=False)
class ColumnSummary:
    """What was understood of a column.

    Attributes
    ----------
    name : str
        The heading.
    filled : int
        Cells with something in them.
    numbers, limits, not_measured : int
        How many of them are numbers, numbers behind < or >, and NA.
    span : tuple of float, or None
        The least and the greatest number, in `unit`.
    unit : str
        Of `span`: hours for times, otherwise what stands behind the numbers.
    different : int
        Different texts; of a column that holds no numbers.
    """

    name: str
    filled: int
    numbers: int = 0
    limits: int = 0
    not_measured: int = 0
    span: tuple[float, float] | None = None
    unit: str = ""
    different: int = 0


@dataclass(frozen=True, eq=False)
class FileReading:
    """A file of measurements as it was understood.

    Attributes
    ----------
    points : tuple of Measurement
        In the units of their observables, as they stand there.
    mistakes : tuple of Mistake
        Every row without use.
    table : TextTable or None
        None where there is no table.
    columns : tuple of ColumnSummary
    """

    points: tuple[Measurement, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    table: TextTable | None = None
    columns: tuple[ColumnSummary, ...] = ()


def read_measurements(scenario: Scenario, laboratory: Laboratory) -> tuple[Measurement, ...]:
    """The points of the scenario's files, normalized as it says.

    Raises
    ------
    ScenarioError
        With every row that cannot be read.
    """
    points, mistakes = read_files(scenario.overlays, table_context(scenario, laboratory))
    if mistakes:
        raise ScenarioError(mistakes)
    return normalized_points(points, scenario.overlays, {arm.name: arm for arm in scenario.arms})


def read_files(
    overlays: Sequence[MeasurementTable], bench: TableContext
) -> tuple[tuple[Measurement, ...], list[Mistake]]:
    """The points of all files as they stand there, in the units of their observables, and every row without use."""
    points: list[Measurement] = []
    mistakes: list[Mistake] = []
    for table, overlay in enumerate(overlays):
        reading = read_file(overlay, bench)
        points += [replace(point, table=table) for point in reading.points]
        mistakes += reading.mistakes
    return tuple(points), mistakes


def read_file(overlay: MeasurementTable, bench: TableContext) -> FileReading:
    """One file of measurements: its points, its mistakes, and what was understood of every column."""
    shown = is_inside_folder(overlay.file, bench.folder)
    try:
        written = _with_plain_names(read_text_table(overlay.file))
        plain = with_python_numbers(written, [n for n in written.header if n not in TEXTS], overlay.decimal)
    except UnreadableFileError as error:
        return FileReading(mistakes=tuple(_placed([(error.line, str(error))], overlay, shown)))
    table = _with_units_in_cells(plain)
    reader = _reader(table.header, bench)
    of_header = list(reader.complaints(table.header))
    if not table.rows:
        of_header.append("this file holds no measurements")
    complaints = [*((table.header_line, text) for text in of_header), *table.mistakes]
    points: list[Measurement] = []
    if not any(line == table.header_line for line, _ in complaints):
        bad = {line for line, _ in complaints}
        points, more = _points(
            replace(table, rows=tuple(r for r in table.rows if r[0] not in bad)), reader, overlay, bench
        )
        complaints = sorted([*complaints, *more], key=lambda complaint: complaint[0])
    if len(complaints) > MOST_MISTAKES:
        line, more_ones = complaints[MOST_MISTAKES][0], len(complaints) - MOST_MISTAKES
        complaints = [*complaints[:MOST_MISTAKES], (line, f"... and {more_ones} more mistakes from here on")]
    columns = tuple(_summary(table, name) for name in dict.fromkeys(table.header))
    return FileReading(tuple(points), tuple(_placed(complaints, overlay, shown)), table, columns)


def _placed(complaints: Sequence[tuple[int, str]], overlay: MeasurementTable, shown: bool) -> Iterator[Mistake]:
    """Mistakes with their place; of a file outside the scenario's folder only that there are some."""
    if shown:
        yield from (Mistake(f"{overlay.file}:{line}", text, line) for line, text in complaints)
    elif complaints:
        text = (
            "this cannot be read as measurements; why is not shown, since the file lies outside the scenario's folder. "
            "Copy it there to see it"
        )
        yield Mistake(f"{overlay.file}:{complaints[0][0]}", text, complaints[0][0])


def _summary(table: TextTable, name: str) -> ColumnSummary:
    cells = [row[name] for _, row in table.rows if row.get(name)]
    if name in TEXTS:
        return ColumnSummary(name, len(cells), different=len(set(cells)))
    matches = [m for m in map(_NUMBER_WITH_UNIT.fullmatch, cells) if m]
    values = [float(m["number"]) for m in matches]
    units = {m["unit"] for m in matches}
    unit = units.pop() if len(units) == 1 else ""
    if name == "time":
        values, unit, units = [_hours(m.group()) for m in matches if _is_time(m.group())], "h", set()
    return ColumnSummary(
        name,
        len(cells),
        numbers=sum(not m["sign"] for m in matches),
        limits=sum(bool(m["sign"]) for m in matches),
        not_measured=sum(cell in NOT_MEASURED for cell in cells),
        span=(min(values), max(values)) if values and not units else None,
        unit=unit,
    )


def _is_time(text: str) -> bool:
    try:
        return math.isfinite(_hours(text))
    except ValueError:
        return False


def _points(
    table: TextTable, reader: _Long | _Wide | _Counts, overlay: MeasurementTable, bench: TableContext
) -> tuple[list[Measurement], list[tuple[int, str]]]:
    points: list[Measurement] = []
    complaints: list[tuple[int, str]] = []
    seen: dict[tuple, int] = {}
    needed = _needed(table, overlay)
    for line, row in table.rows:
        try:
            for point in reader.points(row):
                for name in needed:
                    # A value in the model's unit has no factor, so that it needs no gel to share one with.
                    if not row.get(name) and (name not in _GROUPS or point.kind != "absolute" or overlay.axis):
                        raise ValueError(f"no {name}, which other rows of this file have")
                _check_point(point, overlay, bench, seen, line)
                points.append(replace(point, line=line, place=f"{overlay.file}:{line}"))
        except ValueError as error:
            complaints.append((line, str(error)))
    return points, complaints


def _needed(table: TextTable, overlay: MeasurementTable) -> list[str]:
    """Columns that every row must fill if one does: half a file divided by its totals would be no measurement."""
    words = [overlay.scale_shared_by, "cell_count__time0", *(w for w in overlay.normalize if w == "total")]
    return [w for w in words if w in table.header and any(row.get(w) for _, row in table.rows)]


def _with_plain_names(table: TextTable) -> TextTable:
    """The table with names as this room has them, wherever a column is one of its own: "Time [min]" is "time"."""
    names = {written: plain for written, (plain, _) in _own_columns(table.header).items()}
    rows = tuple((line, {names.get(n, n): cell for n, cell in row.items()}) for line, row in table.rows)
    units = {plain: unit for plain, unit in _own_columns(table.header).values() if unit}
    return replace(table, header=tuple(names.get(n, n) for n in table.header), rows=rows, units=units)


def _own_columns(header: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Plain name and unit of the columns that this room knows, by heading."""
    known = {name: name for name in (*COLUMNS, *COUNT_COLUMNS)}
    own = {}
    for written in header:
        match = _HEADED.match(written)
        plain = known.get((match["name"] if match else written).lower().replace(" ", "_"), "")
        unit = (match["unit"] or match["round"]) if match else None
        if plain and (unit is None or plain in ("time", "concentration", "value", "loading", "total")):
            own[written] = plain, unit or ""
    return own


def _with_units_in_cells(table: TextTable) -> TextTable:
    """The table with the unit in the name of a column moved into its cells."""
    return replace(table, rows=tuple((line, _with_units(row, table.units)) for line, row in table.rows))


def _with_units(row: Mapping[str, str], units: Mapping[str, str]) -> dict[str, str]:
    cells = dict(row)
    for name in ("time", "concentration"):
        if units.get(name) and _is_number(cells.get(name, "")):
            cells[name] = f"{cells[name]} {units[name]}"
    if units.get("value") and not cells.get("unit"):
        cells["unit"] = units["value"]
    return cells


def _reader(header: Sequence[str], bench: TableContext) -> _Long | _Wide | _Counts:
    if "cell_count" in header or "cell_line" in header:
        return _Counts(bench)
    if "value" in header or "observable" in header:
        return _Long(bench)
    units = bench.laboratory.units
    own = [(name, m) for name in header if name not in COLUMNS and (m := _HEADED.match(name))]
    wide = [name for name, m in own if m["name"] in units or m["unit"] is not None or m["round"] is not None]
    return _Wide(bench, wide) if wide else _Long(bench)


def _check_point(
    point: Measurement, overlay: MeasurementTable, bench: TableContext, seen: dict[tuple, int], line: int
) -> None:
    """Refuse what cannot be, whatever form the file has."""
    if point.time > bench.end * (1 + 1e-9):
        raise ValueError(
            f"time {point.time:g} h lies after the end of the scenario ({bench.end:g} h); a number alone means hours"
        )
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

    def __init__(self, bench: TableContext) -> None:
        self.bench = bench

    def complaints(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with the header."""
        yield from _column_complaints(header, REQUIRED, COLUMNS)

    def points(self, row: Mapping[str, str]) -> Iterator[Measurement]:
        """The points of a row."""
        observable = row.get("observable", "")
        if row.get("value") not in NOT_MEASURED:
            yield _point(self.bench, row, observable, row.get("value", ""), row.get("unit", ""), row.get("error", ""))


_REPLICATES = "write replicates one below the other, with a column 'replicate'"


class _Wide:
    """One lane or well in each row, one observable in each column: "pAKT [a.u.]", "pAKT error"."""

    def __init__(self, bench: TableContext, columns: Sequence[str]) -> None:
        self.bench = bench
        matched = {name: _HEADED.match(name) for name in columns}
        self.columns = {name: (m["name"], m["unit"] or m["round"] or "") for name, m in matched.items() if m}
        self.errors = {f"{observable} error" for observable, _ in self.columns.values()}

    def complaints(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with the header."""
        units = self.bench.laboratory.units
        measured = [self.columns[name][0] for name in header if name in self.columns]
        for name, (observable, _) in self.columns.items():
            if observable not in units:
                near = did_you_mean(observable, units)
                yield f"column '{name}': no observable is called '{observable}'.{near}"
        for observable in dict.fromkeys(o for o in measured if measured.count(o) > 1):
            own = [name for name in header if self.columns.get(name, ("",))[0] == observable]
            yield f"two columns hold {observable}: {quoted_list(own)}; {_REPLICATES}"
        for name in sorted(e for e in self.errors if header.count(e) > 1):
            yield f"two columns are called '{name}'; {_REPLICATES}"
        own = [name for name in header if name not in self.columns and name not in self.errors]
        known = ("arm", "time", "unit", *LANE, "error_kind", *self.bench.laboratory.units)
        yield from _column_complaints(own, ("arm", "time"), known)

    def points(self, row: Mapping[str, str]) -> Iterator[Measurement]:
        """The points of a row; an empty cell was not measured."""
        for column, (observable, unit) in self.columns.items():
            if row.get(column) and row[column] not in NOT_MEASURED:
                error = row.get(f"{observable} error", "")
                yield _point(self.bench, row, observable, row[column], unit or row.get("unit", ""), error)


class _Counts:
    """Plate counts in the columns of the public GR scripts, matched to arms by cells, agent and concentration."""

    def __init__(self, bench: TableContext) -> None:
        self.bench = bench

    def complaints(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with the header."""
        yield from _column_complaints(header, COUNTS, COUNT_COLUMNS)

    def points(self, row: Mapping[str, str]) -> Iterator[Measurement]:
        """The count of a row: as a fold of the count at time zero where that is given."""
        agent = row.get("agent", "")
        micromolar = self._micromolar(row.get("concentration", ""), agent)
        arm = self._arm(row.get("cell_line", ""), agent if micromolar > 0.0 else "", micromolar)
        count = _value(row.get("cell_count", ""), "cell_count")
        if count < 0.0:
            raise ValueError(f"cell_count {count:g} cannot be negative")
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

    def _micromolar(self, text: str, agent: str) -> float:
        """A concentration: in uM unless it says its unit."""
        entry = self.bench.laboratory.agents.get(agent)
        if _is_number(text) or not text:
            value = _value(text, "concentration")
        elif parse_quantity(text)[0] == 0.0:
            value = 0.0  # of nothing, in any unit
        else:
            try:
                value = quantities.parse_amount(text, "uM", molar_mass=entry.molar_mass if entry else None)
            except UnitError as error:
                raise ValueError(f"concentration '{text}': {error}") from None
        if value < 0.0:
            raise ValueError(f"concentration {text} cannot be negative")
        return value

    def _arm(self, cells: str, agent: str, micromolar: float) -> str:
        """The arm of these cells that is given this agent alone, at this concentration."""
        wanted = _plain(cells)
        own = [arm for arm in self.bench.arms.values() if _plain(arm.cells) == wanted]
        if not own:
            known = dict.fromkeys(arm.cells for arm in self.bench.arms.values())
            raise ValueError(f"no arm has the cells '{cells}'.{did_you_mean(cells, known)} Cells: {quoted_list(known)}")
        for arm in own:
            given = [self.bench.doses[name] for name in arm.doses if name in self.bench.doses]
            if not agent and not given:
                return arm.name
            if len(given) == 1 and self._is(given[0], agent, micromolar):
                return arm.name
        what = f"{micromolar:g} uM {agent}" if agent else "nothing"
        laboratory = self.bench.laboratory
        unknown = agent and agent not in laboratory.agents
        near = did_you_mean(agent, laboratory.agents, others=laboratory.other_names) if unknown else ""
        raise ValueError(f"no arm of '{cells}' is given {what}.{near} Arms: {quoted_list(arm.name for arm in own)}")

    def _is(self, dose: Dose, agent: str, micromolar: float) -> bool:
        if dose.agent != agent or dose.amount is None:
            return False
        entry = self.bench.laboratory.agents[agent]
        amount = micromolar * conversion_factor("uM", entry.unit, entry.molar_mass)
        return math.isclose(amount, dose.amount, rel_tol=1e-3)


def _plain(cells: str) -> str:
    """A cell line's name without case and hyphens: "SK-BR-3" is "skbr3"."""
    return spelling(cells.lower().removesuffix(".toml"))


def _column_complaints(header: Sequence[str], required: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    missing = [name for name in required if name not in header]
    if missing:
        what = f"columns {quoted_list(missing)} are" if len(missing) > 1 else f"column '{missing[0]}' is"
        yield f"the {what} missing; columns: {', '.join(known)}"
    for name in (n for n in header if n not in known):
        yield f"unknown column '{name}'.{did_you_mean(name, known)}"
    for name in dict.fromkeys(n for n in header if header.count(n) > 1):
        yield f"two columns are called '{name}'"


# One point


def _point(
    bench: TableContext, row: Mapping[str, str], observable: str, value: str, unit: str, error: str
) -> Measurement:
    units = bench.laboratory.units
    if row.get("arm", "") not in bench.arms:
        name = row.get("arm", "")
        raise ValueError(f"no arm is called '{name}'.{did_you_mean(name, bench.arms)} Arms: {quoted_list(bench.arms)}")
    if observable not in units:
        raise ValueError(f"no observable is called '{observable}'.{did_you_mean(observable, units)}")
    number = _number(value, "value")
    below, above = (_is_yes(row, column) for column in ("below_detection", "saturated"))
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
    if point.error == 0.0:
        raise ValueError("error 0 would make the value exact; leave the cell empty if the error is not known")
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
        raise ValueError(f"unit: {str(error).rstrip('.')}; write 'a.u.' for arbitrary units") from None
    return point.scaled(factor)


def _kind(unit: str) -> str:
    if unit in CYCLES:
        return "cycles"
    return "arbitrary" if not unit or unit.lower() in ARBITRARY else "absolute"


def _error_kind(text: str) -> str:
    if text and text not in ERROR_KINDS:
        raise ValueError(
            f"error_kind '{text}' is not one of {quoted_list(ERROR_KINDS)}.{did_you_mean(text, ERROR_KINDS)}"
        )
    return text


def _is_yes(row: Mapping[str, str], column: str) -> bool:
    text = row.get(column, "").lower()
    if text not in YES and text not in NO:
        raise ValueError(f"{column} is '{row[column]}'; expected yes or nothing")
    return text in YES


@dataclass(frozen=True)
class _Written:
    """A number as a table has it: "<0.1" is 0.1 with the sign "<"."""

    value: float
    sign: str = ""


def _is_number(text: str) -> bool:
    """Whether Python and a person read the same number: not 1_000, which is one to Python alone."""
    return NUMBER.fullmatch(text) is not None or text.lower() in NO_NUMBERS


def _number(text: str, column: str) -> _Written:
    sign = text[:1] if text[:1] in ("<", ">") else ""
    bare = text[len(sign) :].strip()
    if not text:
        raise ValueError(f"{column} is empty; write NA for what was not measured")
    if not _is_number(bare):
        hint = "; the decimal sign is a dot, and thousands stand without a sign" if "," in bare else ""
        hint = hint or "; write NA for what was not measured, and <LIMIT for what was below detection"
        raise ValueError(f"{column} '{text}' is no number{hint}")
    value = float(bare)
    if not math.isfinite(value):
        raise ValueError(f"{column} '{text}' is not finite; write NA for what was not measured")
    return _Written(value, sign)


def _value(text: str, column: str) -> float:
    """A number that cannot be a limit.

    Raises
    ------
    ValueError
        If it is none, or stands behind < or >.
    """
    number = _number(text, column)
    if number.sign:
        raise ValueError(f"{column} '{text}' is a limit; only measured values can be limits")
    return number.value


def _optional(text: str, column: str) -> float | None:
    return _value(text, column) if text and text not in NOT_MEASURED else None


def _hours(text: str) -> float:
    if not text:
        raise ValueError("time is empty")
    if not _is_number(text):
        try:
            return quantities.parse_hours(text)
        except UnitError as error:
            raise ValueError(f"time {error}" if text in str(error) else f"time '{text}': {error}") from None
    if not math.isfinite(float(text)):
        raise ValueError(f"time '{text}' is not finite")
    return float(text)
