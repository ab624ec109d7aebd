"""What was measured: what the reader of a table has understood, by observable and column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .experiment import Arm, Scenario
from .fit_data import observable_choice_for
from .laboratory import Laboratory
from .measurement_files import ColumnSummary, FileReading, read_file, read_measurements, table_context
from .measurements import Measurement, scale_group

_KINDS = {"arbitrary": "in arbitrary units", "cycles": "folds from cycles"}


def draw_inventory(scenario: Scenario, laboratory: Laboratory | None = None) -> str:
    """The measurements of a scenario as text; nothing where there are none.

    Raises
    ------
    ScenarioError
        If they cannot be read.
    """
    if laboratory is None:
        from .built_in import built_in_laboratory

        laboratory = built_in_laboratory()
    arms = {arm.name: arm for arm in scenario.arms}
    groups: dict[tuple[int, str], list[Measurement]] = {}
    for point in read_measurements(scenario, laboratory):
        groups.setdefault((point.table, point.observable), []).append(point)
    lines: list[str] = []
    for table, overlay in enumerate(scenario.overlays):
        lines += [_line(scenario, laboratory, arms, *key, own) for key, own in groups.items() if key[0] == table]
        lines += _columns(read_file(overlay, table_context(scenario, laboratory)))
    return "\n".join(lines)


def column_entries(scenario: Scenario, laboratory: Laboratory | None = None) -> list[dict[str, Any]]:
    """What was understood of every file and column, for JSON."""
    if laboratory is None:
        from .built_in import built_in_laboratory

        laboratory = built_in_laboratory()
    entries = []
    for overlay in scenario.overlays:
        reading = read_file(overlay, table_context(scenario, laboratory))
        if reading.table is None:
            continue
        signs = reading.table.numerals
        entries.append(
            {
                "file": overlay.file.name,
                "rows": len(reading.table.rows),
                "values": len(reading.points),
                "decimal_sign": signs.decimal,
                "thousands_sign": signs.thousands or None,
                "columns": [
                    {
                        "name": c.name,
                        "filled": c.filled,
                        "numbers": c.numbers,
                        "limits": c.limits,
                        "not_measured": c.not_measured,
                        "least": c.span[0] if c.span else None,
                        "greatest": c.span[1] if c.span else None,
                        "unit": c.unit or None,
                    }
                    for c in reading.columns
                ],
            }
        )
    return entries


def _columns(reading: FileReading) -> list[str]:
    """The signs of the numbers, and a line for each column."""
    if reading.table is None:
        return []
    signs = reading.table.numerals
    between = {"\t": "tabs", ",": "commas", ";": "semicolons"}.get(reading.table.delimiter, reading.table.delimiter)
    thousands = f"'{signs.thousands}'" if signs.thousands else "none"
    head = f"  {_several(len(reading.table.rows), 'row')}; columns between {between}; decimal sign '{signs.decimal}'"
    return [f"{head}, thousands sign {thousands}", *(f"    {_column(c)}" for c in reading.columns)]


def _column(column: ColumnSummary) -> str:
    if column.different or not column.filled:
        return f"{column.name}: {_several(column.filled, 'cell')}, {column.different} different"
    read = [_several(column.numbers, "value")] if column.numbers or not column.limits else []
    read += [_several(column.limits, "limit")] if column.limits else []
    read += [f"{column.not_measured} not measured"] if column.not_measured else []
    unread = column.filled - column.numbers - column.limits - column.not_measured
    read += [f"{unread} not used"] if unread else []
    text = f"{column.name}: {', '.join(read)} in {_several(column.filled, 'cell')}"
    if column.span is None:
        return text
    low, high = column.span
    unit = f" {column.unit}" if column.unit else ""
    return f"{text}; {low:.6g}{unit}" if low == high else f"{text}; {low:.6g} to {high:.6g}{unit}"


def _line(
    scenario: Scenario,
    laboratory: Laboratory,
    arms: Mapping[str, Arm],
    table: int,
    observable: str,
    own: Sequence[Measurement],
) -> str:
    overlay = scenario.overlays[table]
    limits = sum(not p.measured for p in own)
    many = _several(len(own) - limits, "value") + (f" and {_several(limits, 'limit')}" if limits else "")
    first, last = min(p.time for p in own), max(p.time for p in own)
    when = f"at {first:g} h" if first == last else f"from {first:g} to {last:g} h"
    parts = [f"{observable} {_KINDS.get(own[0].kind, f'in {laboratory.units[observable]}')}: {many}"]
    parts.append(f"{_several(len({p.arm for p in own}), 'arm')}, {when}")
    for word in ("gel", "replicate"):
        number = len({getattr(p, word) for p in own} - {""})
        parts += [_several(number, word)] if number else []
    parts += [f"normalized by {', '.join(overlay.normalize)}"] if overlay.normalize else []
    if scenario.fit is not None:
        scale = observable_choice_for(own[0], scenario.overlays, scenario.fit.observables).scale
        factors = len({scale_group(p, overlay, arms) for p in own})
        by_scale = {"free": _several(factors, "free factor"), "normalized": "the model normalized alike"}
        parts += [by_scale[str(scale)]] if scale in by_scale else []
    return f"{overlay.file.name}: " + "; ".join(parts)


def _several(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
