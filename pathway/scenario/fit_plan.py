"""The table `[fit]`: what is wrong with it, what it says, and which numbers are to be estimated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from pathway.errors import did_you_mean
from pathway.parameters import CellLine, ParameterError
from pathway.units import UnitError

from . import quantities, schema
from .experiment import FitObservable, FitParameter, FitPlan, PriorChoice
from .laboratory import Laboratory
from .mistakes import quoted_list
from .structure import Path


@dataclass(frozen=True)
class FitUnknown:
    """A number to be estimated.

    Attributes
    ----------
    name : str
        What the fit calls it: the parameter's name, or one made from it and the cell line.
    parameter : str
    cells : tuple of str
        Lines in which it stands for the parameter.
    is_factor : bool
        Whether it multiplies each line's own value instead of replacing it.
    value, lower, upper : float
        Nominal value and bounds.
    scale : str
        "log10" or "linear".
    prior : PriorChoice or None
    """

    name: str
    parameter: str
    cells: tuple[str, ...]
    is_factor: bool
    value: float
    lower: float
    upper: float
    scale: str
    prior: PriorChoice | None


@dataclass(frozen=True)
class _Entry:
    """What a line knows of one parameter."""

    value: float
    range: tuple[float, float] | None


class CellLineParameters:
    """The numbers of the cell lines that the arms of a scenario use.

    Attributes
    ----------
    names : tuple of str
    """

    def __init__(self, names: Iterable[str], laboratory: Laboratory, folder: FilePath) -> None:
        self.names = tuple(dict.fromkeys(names))
        self.laboratory, self.folder = laboratory, folder

    def values(self, cells: str) -> np.ndarray:
        """All parameters of a line, shape (n_parameters,)."""
        return self.laboratory.parameters_of(cells, self.folder)

    def line(self, cells: str) -> CellLine | None:
        """The line with its sources; None where the laboratory keeps none."""
        return self.laboratory.line_of(cells, self.folder) if self.laboratory.line_of else None

    def entry(self, parameter: str, cells: str) -> _Entry:
        """Value and range of a parameter in a line."""
        line = self.line(cells)
        value = float(self.values(cells)[self.laboratory.model.parameter_index(parameter)])
        return _Entry(value, line.entries[parameter].range if line else None)

    def owner(self, parameter: str, cells: str) -> str:
        """The line whose number this is: a line that does not set it itself has its parent's."""
        line = self.line(cells)
        if line is None or line.parent is None or parameter in line.own:
            return cells
        return self.owner(parameter, line.parent)


def fit_unknowns(wanted: FitParameter, lines: CellLineParameters) -> list[FitUnknown]:
    """The numbers that one entry of `[fit]` asks for.

    Raises
    ------
    ValueError
        If a value lies outside its bounds, there are no bounds, or lines differ and nothing is said about it.
    """
    if wanted.shared == "no":
        return _one_for_each_line(wanted, lines)
    entries = {cells: lines.entry(wanted.name, cells) for cells in lines.names}
    if wanted.shared == "factor":
        return [_factor(wanted, entries)]
    values = {cells: entry.value for cells, entry in entries.items()}
    if wanted.shared is None and len(set(values.values())) > 1:
        listing = ", ".join(f"{cells} {value:g}" for cells, value in values.items())
        raise ValueError(
            f'the cell lines differ in {wanted.name} ({listing}): say shared = "no" (one for each line), '
            f'"factor" (one factor on all) or "value" (one value for all)'
        )
    first = entries[lines.names[0]]
    return [_unknown(wanted, wanted.name, lines.names, first, wanted.start)]


def _one_for_each_line(wanted: FitParameter, lines: CellLineParameters) -> list[FitUnknown]:
    owners: dict[str, list[str]] = {}
    for cells in lines.names:
        owners.setdefault(lines.owner(wanted.name, cells), []).append(cells)
    return [
        _unknown(
            wanted, f"{wanted.name}_{formula_name(owner)}", tuple(own), lines.entry(wanted.name, owner), wanted.start
        )
        for owner, own in owners.items()
    ]


def formula_name(name: str) -> str:
    """A name that can stand in a formula: "./my_line.toml" is my_line."""
    identifier = "".join(c if c.isascii() and c.isalnum() else "_" for c in FilePath(name).name.removesuffix(".toml"))
    return identifier.strip("_") or "x"


def _factor(wanted: FitParameter, entries: Mapping[str, _Entry]) -> FitUnknown:
    """One factor, within what every line's own range allows."""
    ratios = [(e.range[0] / e.value, e.range[1] / e.value) if e.range and e.value else None for e in entries.values()]
    known = [r for r in ratios if r is not None]
    allowed = (max(low for low, _ in known), min(high for _, high in known)) if len(known) == len(ratios) else None
    name = f"factor_{wanted.name}"
    return _unknown(wanted, name, tuple(entries), _Entry(1.0, allowed), wanted.start, is_factor=True)


def _unknown(
    wanted: FitParameter,
    name: str,
    cells: tuple[str, ...],
    entry: _Entry,
    start: float | None,
    is_factor: bool = False,
) -> FitUnknown:
    bounds = wanted.range or entry.range
    value = entry.value if start is None else start
    if bounds is None:
        raise ValueError(f'{wanted.name} has no range of its own; write range = ["LOW UNIT", "HIGH UNIT"]')
    lower, upper = bounds
    if lower > upper:
        raise ValueError(f"{wanted.name}: the range {lower:g} to {upper:g} is upside down; the lowest comes first")
    if lower == upper:
        raise ValueError(f"{wanted.name}: the range {lower:g} to {upper:g} leaves nothing to estimate")
    if not lower * (1 - 1e-12) <= value <= upper * (1 + 1e-12):
        which = "start" if start is not None else f"value of {', '.join(cells)}"
        raise ValueError(f"{name}: the {which}, {value:g}, is outside its bounds {lower:g} to {upper:g}")
    scale = wanted.scale or ("log10" if lower > 0.0 else "linear")
    if scale == "log10" and lower <= 0.0:
        raise ValueError(f'{wanted.name}: scale = "log10" needs a lower bound above zero, not {lower:g}')
    try:
        prior = _prior(wanted.prior, value, lower, upper)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return FitUnknown(name, wanted.name, cells, is_factor, value, lower, upper, scale, prior)


def _prior(choice: str | PriorChoice, value: float, lower: float, upper: float) -> PriorChoice | None:
    """The prior in numbers: as wide as the range, which is its central 95 %.

    "range" puts it around the nominal value, "middle" around the middle of the range, wherever the value stands.
    """
    if isinstance(choice, PriorChoice):
        if not lower <= choice.center <= upper:
            raise ValueError(f"the prior's center, {choice.center:g}, is outside the bounds {lower:g} to {upper:g}")
        return choice
    if choice == "none":
        return None
    if lower > 0.0 and value > 0.0:
        center = math.sqrt(lower * upper) if choice == "middle" else value
        return PriorChoice("log-normal", center, math.log(upper / lower) / (2 * 1.959964))
    center = 0.5 * (lower + upper) if choice == "middle" else value
    return PriorChoice("normal", center, (upper - lower) / (2 * 1.959964))


# The file's words


def fit_plan(table: schema.Fit, laboratory: Laboratory) -> FitPlan:
    """The table `[fit]` after checking, in the model's units."""
    names = dict.fromkeys([*table.parameters, *table.parameter])
    return FitPlan(
        parameters=tuple(_parameter(n, table.parameter.get(n), table.prior, laboratory.parameters[n]) for n in names),
        observables={name: observable_choice(entry) for name, entry in table.observable.items()},
        anchors=table.anchors,
        hold_out=tuple(table.hold_out),
    )


def _parameter(name: str, entry: schema.FitParameter | None, prior: str, unit: str) -> FitParameter:
    entry = entry or schema.FitParameter()  # type: ignore[call-arg]
    unit, usual = ("1", 1.0) if entry.shared == "factor" else (unit, None)
    limits = [quantities.parse_amount(text, unit, usual) for text in entry.range or ()]
    return FitParameter(
        name=name,
        range=(limits[0], limits[1]) if limits else None,
        start=quantities.parse_amount(entry.start, unit, usual) if entry.start is not None else None,
        prior=_prior_choice(entry.prior, unit) if isinstance(entry.prior, schema.Prior) else entry.prior or prior,
        shared=entry.shared,
        scale=entry.scale,
    )


def _prior_choice(prior: schema.Prior, unit: str) -> PriorChoice:
    """A prior in the model's unit.

    Raises
    ------
    UnitError
        If the spread is not what the distribution needs.
    """
    center = quantities.parse_amount(prior.center, unit)
    if prior.distribution == "log-normal":
        if isinstance(prior.spread, str):
            raise UnitError(f"spread = '{prior.spread}' of a log-normal prior is a number: the sd of the logarithm")
        spread = float(prior.spread)
        if center <= 0.0:
            raise UnitError(f"center = '{prior.center}' of a log-normal prior must be above zero")
    elif not isinstance(prior.spread, str) and unit != "1":
        raise UnitError(f"spread = {prior.spread} of a normal prior needs a unit, such as '{prior.spread} {unit}'")
    else:
        spread = quantities.parse_amount(prior.spread, unit) if isinstance(prior.spread, str) else float(prior.spread)
    if not spread > 0.0:
        raise ValueError(f"spread = {prior.spread} of the prior must be above zero")
    return PriorChoice(prior.distribution, center, spread)


def observable_choice(entry: schema.FitObservable) -> FitObservable:
    """What a table `[fit.observable.X]` says."""
    return FitObservable(
        scale=entry.scale,
        offset=entry.offset or "none",
        noise=entry.noise,
        noise_shared_by=entry.noise_shared_by or "observable",
        distribution=entry.distribution,
        degrees_of_freedom=4.0 if entry.degrees_of_freedom is None else float(entry.degrees_of_freedom),
    )


def observable_and_file(key: str) -> tuple[str, str]:
    """Observable and file (or "") of "pAKT in FILE"."""
    observable, _, file = key.partition(" in ")
    return observable.strip(), file.strip()


# Mistakes


def fit_mistakes(
    fit: Mapping[str, Any], document: Mapping[str, Any], laboratory: Laboratory, folder: FilePath
) -> Iterator[tuple[Path, str]]:
    """Path and text of every mistake of meaning in the table `[fit]`; wrong shapes are passed over."""
    if "fit" not in document:
        return
    if "data" not in document:
        yield ("fit",), "[fit] needs [data] with the file of the measurements"
    yield from _name_mistakes(fit, document, laboratory)
    tables = table_or_empty(fit.get("parameter"))
    listed_ones = [n for n in list_or_empty(fit.get("parameters")) if isinstance(n, str)]
    names = dict.fromkeys([*listed_ones, *tables])
    if not names and not fit.get("parameters"):
        yield ("fit",), '[fit] names no parameter to estimate; write for example parameters = ["k_AKT_T308"]'
    lines = CellLineParameters(_cells(document), laboratory, folder)
    for name in names if lines.names else ():
        if name in laboratory.parameters:
            path: Path = ("fit", "parameter", name) if name in tables else ("fit", "parameters")
            yield from _parameter_mistakes(name, tables.get(name), fit.get("prior", "range"), path, lines)


def _name_mistakes(
    fit: Mapping[str, Any], document: Mapping[str, Any], laboratory: Laboratory
) -> Iterator[tuple[Path, str]]:
    arms = [a.get("name") for a in list_or_empty(document.get("arm")) if isinstance(a, dict)]
    tables = document.get("data")
    named = [table_or_empty(t).get("file") for t in (tables if isinstance(tables, list) else [tables])]
    files = [FilePath(name).stem for name in named if isinstance(name, str)]
    for name in list_or_empty(fit.get("hold_out")):
        if isinstance(name, str) and name not in arms:
            known_arms = [a for a in arms if isinstance(a, str)]
            near = did_you_mean(name, known_arms)
            yield ("fit", "hold_out"), f"no arm is called '{name}'.{near} Arms: {quoted_list(known_arms)}"
    known = laboratory.parameters
    chosen = list_or_empty(fit.get("parameters"))
    for k, name in enumerate(chosen):
        if isinstance(name, str) and name not in known:
            yield ("fit", "parameters"), _unknown_parameter(name, known)
        elif name in chosen[:k]:
            yield ("fit", "parameters"), f"'{name}' stands twice"
    for name in table_or_empty(fit.get("parameter")):
        if name not in known:
            yield ("fit", "parameter", name), _unknown_parameter(name, known)
    for key in table_or_empty(fit.get("observable")):
        observable, file = observable_and_file(key)
        if observable not in laboratory.units:
            near = did_you_mean(observable, laboratory.units)
            yield ("fit", "observable", key), f"no observable is called '{observable}'.{near}"
        if file and file not in files:
            text = f"no [data] has the file '{file}'.{did_you_mean(file, files)} Files: {quoted_list(files)}"
            yield ("fit", "observable", key), text


def _unknown_parameter(name: str, known: Mapping[str, str]) -> str:
    return f"no parameter is called '{name}'.{did_you_mean(name, known)} All parameters: pathway show parameters"


def _parameter_mistakes(
    name: str, table: Any, prior: Any, path: Path, lines: CellLineParameters
) -> Iterator[tuple[Path, str]]:
    try:
        entry = schema.FitParameter.model_validate(table or {})
        prior = prior if prior in ("range", "middle", "none") else "range"
    except ValueError:
        return  # of shape, which is told elsewhere
    try:
        fit_unknowns(_parameter(name, entry, prior, lines.laboratory.parameters[name]), lines)
    except ParameterError:
        return  # a wrong file of a cell line, which is told elsewhere
    except UnitError as error:
        yield path, f"{name}: {error}; its unit is {lines.laboratory.parameters[name]}"
    except ValueError as error:
        text = str(error)
        yield path, text if name in text else f"{name}: {text}"
    except (KeyError, OSError):
        return  # a cell line that does not exist, which is told elsewhere


def _cells(document: Mapping[str, Any]) -> list[str]:
    usual = document.get("cells")
    arms = [a.get("cells", usual) for a in list_or_empty(document.get("arm")) if isinstance(a, dict)]
    return [name for name in arms if isinstance(name, str)] or ([usual] if isinstance(usual, str) else [])


def list_or_empty(value: Any) -> list[Any]:
    """The value if it is a list; an empty one otherwise."""
    return value if isinstance(value, list) else []


def table_or_empty(value: Any) -> dict[str, Any]:
    """The value if it is a table; an empty one otherwise."""
    return value if isinstance(value, dict) else {}
