"""Reading the number files: every entry with its unit, range and source; every mistake with file and line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pathway.errors import InputError, did_you_mean
from pathway.files import read_bytes
from pathway.toml_positions import KeyPath, key_lines, line_of
from pathway.units import UnitError, conversion_factor, parse_quantity, unit

HERE = Path(__file__).parent
LARGEST_FILE = 1_000_000
CONFIDENCE = ("measured", "inferred", "assumed", "fitted")
OWN_SOURCES = ("assumed", "derived", "anchored", "tuned", "scenario", "fit", "own")
"""Sources that are no publication: a guess, arithmetic on other entries, an anchor, the tuning of TUNING.md, what a
scenario or a cell line sets (no draw from the ranges changes it), what `pathway fit` found in measurements, and what
the author of a cell line has measured."""


class ParameterError(InputError):
    """Number files that cannot be used; one line for each mistake."""


@dataclass(frozen=True)
class Entry:
    """One number with everything that is known about it.

    Attributes
    ----------
    name : str
    value : float
        In `unit`, which is the one the network declares.
    unit : str
    range : tuple of float
        Lowest and highest plausible value, in `unit`.
    source : str
        Key of `sources.toml`, or one of OWN_SOURCES.
    confidence : str
        One of CONFIDENCE.
    note : str
    file, line : str, int
        Where it stands.
    interval : tuple of float, or None
        Of a fitted value: what the data leave possible (95 %), in `unit`; of a calibrated one: 5 % and 95 % of the
        ensemble.
    may_be_zero : bool
        Whether a line may have none of it, as of a receptor below detection, whatever the range is.
    stated : float, or None
        Of a calibrated value: what its source says, in `unit`.
    """

    name: str
    value: float
    unit: str
    range: tuple[float, float]
    source: str
    confidence: str
    note: str = ""
    file: str = ""
    line: int = 0
    interval: tuple[float, float] | None = None
    may_be_zero: bool = False
    stated: float | None = None

    @property
    def source_value(self) -> float:
        """What its source says, whatever calibration has put in its place."""
        return self.value if self.stated is None else self.stated


@dataclass(frozen=True)
class TomlDocument:
    """A TOML file with the line of every table and key."""

    path: Path
    tables: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def place(self, *keys: str) -> str:
        """`file:line` of a key, or of the table around it."""
        return f"{self.path.name}:{line_of(keys, self.lines)}"


def read_toml(path: Path) -> TomlDocument:
    """A TOML file, read."""
    try:
        text = read_bytes(path, LARGEST_FILE).decode("utf-8")
        tables = tomllib.loads(text)
    except InputError as error:
        raise ParameterError(f"{path}: {error}") from None
    except RecursionError:
        raise ParameterError(f"{path.name}: not a TOML file: brackets nested too deeply") from None
    except ValueError as error:  # of TOML, of UTF-8, or of a number with thousands of digits
        raise ParameterError(f"{path.name}: not a TOML file: {error}") from None
    return TomlDocument(path, tables, key_lines(text))


def raise_all(mistakes: list[str]) -> None:
    """All mistakes together, if there are any."""
    if mistakes:
        raise ParameterError("\n".join(mistakes))


def read_entries(
    document: TomlDocument,
    units: Mapping[str, str],
    sources: Collection[str],
    mistakes: list[str],
    *,
    base: Mapping[str, Entry] | None = None,
    parent: Mapping[str, Entry] | None = None,
) -> dict[str, Entry]:
    """Entries of a reference file (base None) or of a cell line (base: what it differs from).

    Parameters
    ----------
    document : TomlDocument
    units : mapping of parameter name to unit text
        What the network declares; values are converted to it.
    sources : collection of str
        Keys that an entry's source may name.
    mistakes : list of str
        What is wrong is added here, one line each.
    base : mapping of name to Entry, optional
        Whose ranges stand where an entry has none of its own.
    parent : mapping of name to Entry, optional
        What "3 x" is a multiple of, where a line writes a number as a text alone.

    Returns
    -------
    dict of name to Entry
        Those that could be read.
    """
    entries = {}
    for name, table in document.tables.items():
        if name in ("line", "anchor") and base is not None:
            continue
        if name not in units:
            mistakes.append(f"{document.place(name)}: no parameter is called '{name}'.{did_you_mean(name, units)}")
            continue
        if isinstance(table, str) and parent is not None:
            try:
                table = _short(table, parent[name])
            except UnitError as error:
                mistakes.append(f"{document.place(name)}: '{name}': {error}")
                continue
        if not isinstance(table, dict):
            mistakes.append(f"{document.place(name)}: '{name}' must be a table with value, unit, source, confidence")
            continue
        complaints = list(_complaints(document, name, table, units[name], sources, base))
        mistakes.extend(complaints)
        if not complaints:
            entries[name] = _entry(document, name, table, units[name], base)
    return entries


def _short(text: str, parent: Entry) -> dict[str, Any]:
    """What `NAME = "5e5 molecules"` or `NAME = "3 x"`, three times the parent's, stands for.

    Raises
    ------
    UnitError
    """
    value, given = parse_quantity(text)
    if given == "x" and parent.value == 0.0:
        raise UnitError(f"'{text}' is a multiple of 0, which the line has without it; give a value in {parent.unit}")
    if given == "x":
        value, given = value * parent.value, parent.unit
    if not given and parent.unit != "1":
        raise UnitError(f"'{text}' has no unit; expected for example '{text.strip()} {parent.unit}'")
    return {"value": value, "unit": given or "1", "source": "assumed", "confidence": "assumed"}


_KEYS = {"value", "unit", "range", "interval", "source", "confidence", "note", "may_be_zero", "calibrated"}
_OPTIONAL = {"note", "interval", "may_be_zero", "calibrated"}


def _complaints(
    document: TomlDocument,
    name: str,
    table: Mapping[str, Any],
    wanted: str,
    sources: Collection[str],
    base: Mapping[str, Entry] | None,
) -> Iterator[str]:
    def say(key: str, text: str) -> str:
        return f"{document.place(name, key)}: '{name}': {text}"

    keys = _KEYS if base is None else _KEYS - {"may_be_zero"}
    needed = _KEYS - _OPTIONAL - ({"range"} if base is not None else set())
    misspelt = sorted(set(table) - keys)
    for key in misspelt:
        yield say(key, f"no key is called '{key}'.{did_you_mean(key, keys)}")
    missing = sorted(needed - set(table))
    if missing:
        meant = {name for key in misspelt for name in get_close_matches(key, keys, n=1)}
        if not meant >= set(missing):
            yield say("", f"{' and '.join(missing)} missing")
        return
    checks: dict[str, Callable[[Any], bool]] = {
        "value": _is_number,
        "unit": lambda v: isinstance(v, str),
        "range": _is_span if base is None else lambda v: _is_span(v) or _is_span(_factors(v)),
        "interval": _is_span,
        "source": lambda v: isinstance(v, str),
        "confidence": lambda v: v in CONFIDENCE,
        "note": lambda v: isinstance(v, str),
        "may_be_zero": lambda v: isinstance(v, bool),
        "calibrated": _is_calibrated,
    }
    wrong = [key for key, good in checks.items() if key in table and not good(table[key])]
    for key in wrong:
        hint = f"one of {', '.join(CONFIDENCE)}" if key == "confidence" else _EXPECTED[key]
        yield say(key, f"{key} is {table[key]!r}, but should be {hint}")
    if wrong:
        return
    if table["source"] not in sources and table["source"] not in OWN_SOURCES:
        yield say("source", f"no source is called '{table['source']}'.{did_you_mean(table['source'], sources)}")
    try:
        conversion_factor(table["unit"], wanted)
    except UnitError as error:
        yield say("unit", str(error))
        return
    low, high = _limits(name, table, wanted, base)
    values = {"value": table["value"]}
    if "calibrated" in table:
        values["calibrated"] = table["calibrated"]["value"]
    for key, value in values.items():
        if not low * (1 - 1e-12) <= value <= high * (1 + 1e-12):
            hint = "" if base is None or value < 0 else "; a line may give a range of its own"
            yield say(key, f"{value:g} {table['unit']} is outside its range {low:g} to {high:g} {table['unit']}{hint}")
    if "interval" in table and not table["interval"][0] <= table["value"] <= table["interval"][1]:
        yield say("interval", f"{table['value']:g} {table['unit']} is outside its own interval")


def _limits(name: str, table: Mapping[str, Any], wanted: str, base: Mapping[str, Entry] | None) -> tuple[float, float]:
    """Lowest and highest plausible value in the unit of the table: its own, or those of what it differs from."""
    if base is not None and table["value"] == 0.0 and base[name].may_be_zero:
        return 0.0, 0.0
    if "range" not in table:
        assert base is not None
        factor = conversion_factor(table["unit"], wanted)
        low, high = (limit / factor for limit in base[name].range)
        # Of what may be missing there may be as little as there is.
        return (min(low, max(table["value"], 0.0)) if base[name].may_be_zero else low), high
    if isinstance(table["range"][0], str):
        # So many digits as a limit is known to: what a limit was before it was written as a multiple comes back.
        low, high = sorted(float(f"{factor * table['value']:.10g}") for factor in _factors(table["range"]))
    else:
        low, high = table["range"]
    return float(low), float(high)


def _factors(limits: Any) -> list[float]:
    """The numbers of `["0.5 x", "2 x"]`: limits as multiples of the value."""
    if not (isinstance(limits, list) and all(isinstance(text, str) for text in limits)):
        return []
    try:
        quantities = [parse_quantity(text) for text in limits]
    except UnitError:
        return []
    return [value for value, given in quantities if given == "x" and value >= 0.0]


_EXPECTED = {
    "value": "a finite number",
    "unit": 'a text such as "1/h"',
    "range": "two numbers, the lower one first",
    "interval": "two numbers, the lower one first",
    "source": "a key of sources.toml, or 'assumed'",
    "note": "a text",
    "may_be_zero": "true or false",
    "calibrated": "{ value = a number, interval = [low, high] }",
}


def _is_span(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]


def _is_calibrated(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"value", "interval"}
        and _is_number(value["value"])
        and _is_span(value["interval"])
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


LARGEST_NUMBER = 1e300
"""Of a number in a file: what is larger, or no number, is a mistake."""


def _entry(
    document: TomlDocument, name: str, table: Mapping[str, Any], wanted: str, base: Mapping[str, Entry] | None
) -> Entry:
    factor = conversion_factor(table["unit"], wanted)
    low, high = (limit * factor for limit in _limits(name, table, wanted, base))
    if "range" not in table and base is not None and base[name].range[0] <= low:
        low, high = base[name].range  # to the last digit
    # What its source says, unless calibration has put another value in its place.
    current = table.get("calibrated", table)
    span = current.get("interval")
    return Entry(
        name=name,
        value=float(current["value"]) * factor,
        unit=wanted,
        range=(low, high),
        source=table["source"],
        confidence=table["confidence"],
        note=table.get("note", ""),
        file=document.path.name,
        line=document.lines.get((name,), 0),
        interval=(float(span[0]) * factor, float(span[1]) * factor) if span else None,
        may_be_zero=table.get("may_be_zero", base[name].may_be_zero if base is not None else False),
        stated=float(table["value"]) * factor if "calibrated" in table else None,
    )


def read_reference(path: Path, units: Mapping[str, str], sources: Collection[str]) -> dict[str, Entry]:
    """The reference entries, one for every parameter of the network.

    Raises
    ------
    ParameterError
        With one line for each misspelt, missing, unit-less or out-of-range entry.
    """
    mistakes: list[str] = []
    document = read_toml(path)
    entries = read_entries(document, units, sources, mistakes)
    for name in units:
        if name not in document.tables:
            mistakes.append(f"{path.name}: parameter '{name}' has no entry")
    raise_all(mistakes)
    return {name: entries[name] for name in units}


@dataclass(frozen=True)
class Source:
    """Where numbers come from.

    Attributes
    ----------
    key, title, where : str
        `where`: journal, DOI, PMID or accession.
    measured : str
        What was measured or taken from it.
    read : str
        "read", "abstract", "model", "second hand" or "recalled".
    authors : str
        All of them, "Guo H, Ingolia NT"; "" where the whole list could not be checked. A body stands in braces.
    """

    key: str
    title: str
    where: str
    measured: str
    read: str
    authors: str = ""


_READ = ("read", "abstract", "model", "second hand", "recalled")


def read_sources(path: Path) -> dict[str, Source]:
    """Every source by its key."""
    document = read_toml(path)
    mistakes, sources = [], {}
    for key, table in document.tables.items():
        wrong = {"title", "where", "measured", "read"} ^ (set(table) - {"authors"})
        if wrong:
            mistakes.append(
                f"{document.place(key)}: source '{key}' needs title, where, measured, read; see {sorted(wrong)}"
            )
        elif table["read"] not in _READ:
            mistakes.append(
                f"{document.place(key, 'read')}: read is '{table['read']}', but should be one of {', '.join(_READ)}"
            )
        else:
            sources[key] = Source(key=key, **table)
    raise_all(mistakes)
    return sources


@dataclass(frozen=True)
class AgentEntry:
    """An agent as it stands on the shelf.

    Attributes
    ----------
    name : str
        What a scenario calls it.
    species : str or None
        What a dose is added to; None for an inert control and for the medium change.
    acts : str
        "adds", "nothing" or "empties the medium".
    unit : str
        Of the species.
    molar_mass : float or None
        g/mol.
    usual : tuple of float or None
        Usual doses from low to high, in `unit`; the upper one is what "1 x" means.
    highest : float or None
        Highest in-vitro dose on record, in `unit`.
    highest_text, source, confidence, note : str
    usual_text : str
        "1 to 10 ug/mL", in the unit of the bench.
    in_medium : bool
        Whether a medium change removes it.
    """

    name: str
    species: str | None
    acts: str
    unit: str
    molar_mass: float | None
    usual: tuple[float, float] | None
    highest: float | None
    usual_text: str
    highest_text: str
    in_medium: bool
    source: str
    confidence: str
    note: str


_AGENT_KEYS = {
    "species",
    "acts",
    "molar_mass",
    "usual",
    "highest",
    "in_medium",
    "source",
    "confidence",
    "note",
}
_ACTS = ("adds", "nothing", "empties the medium")


def read_agents(path: Path, units: Mapping[str, str], sources: Collection[str]) -> dict[str, AgentEntry]:
    """Every agent by its name.

    Parameters
    ----------
    path : Path
    units : mapping of species name to unit text
    sources : collection of str

    Raises
    ------
    ParameterError
        With one line for each mistake.
    """
    document = read_toml(path)
    mistakes: list[str] = []
    agents = {}
    for name, table in document.tables.items():
        complaints = list(_agent_complaints(document, name, table, units, sources))
        mistakes.extend(complaints)
        if not complaints:
            agents[name] = _agent(name, table, units)
    raise_all(mistakes)
    return agents


def _agent_complaints(
    document: TomlDocument, name: str, table: Mapping[str, Any], units: Mapping[str, str], sources: Collection[str]
) -> Iterator[str]:
    for key in sorted(set(table) - _AGENT_KEYS):
        yield f"{document.place(name, key)}: agent '{name}' has no key '{key}'.{did_you_mean(key, _AGENT_KEYS)}"
    for key in ("acts", "source", "confidence"):
        if key not in table:
            yield f"{document.place(name)}: agent '{name}': {key} missing"
    if table.get("acts") not in _ACTS:
        yield f"{document.place(name, 'acts')}: acts is {table.get('acts')!r}, but should be one of {', '.join(_ACTS)}"
    if table.get("confidence") not in CONFIDENCE:
        yield f"{document.place(name, 'confidence')}: confidence should be one of {', '.join(CONFIDENCE)}"
    if table.get("source") not in sources and table.get("source") not in OWN_SOURCES:
        yield f"{document.place(name, 'source')}: no source is called '{table.get('source')}'."
    species = table.get("species")
    if (species is None) == (table.get("acts") == "adds"):
        yield f"{document.place(name, 'species')}: agent '{name}' needs a species if, and only if, it adds"
    elif species is not None and species not in units:
        yield f"{document.place(name, 'species')}: no species is called '{species}'.{did_you_mean(species, units)}"
    else:
        yield from _amount_complaints(document, name, table, "1" if species is None else units[species])


def _amount_complaints(document: TomlDocument, name: str, table: Mapping[str, Any], wanted: str) -> Iterator[str]:
    if table.get("acts") != "adds":
        return
    for key in ("usual", "highest"):
        texts = table.get(key)
        if texts is None:
            yield f"{document.place(name)}: agent '{name}': {key} missing"
            continue
        for text in texts if isinstance(texts, list) else [texts]:
            try:
                _in_unit(text, wanted, table.get("molar_mass"))
            except UnitError as error:
                yield f"{document.place(name, key)}: agent '{name}': {error}"


def _in_unit(text: str, wanted: str, molar_mass: float | None) -> float:
    amount, given = parse_quantity(text)
    return amount * conversion_factor(given or "1", wanted, molar_mass)


def _agent(name: str, table: Mapping[str, Any], units: Mapping[str, str]) -> AgentEntry:
    species = table.get("species")
    wanted = "1" if species is None else units[species]
    unit(wanted)
    mass = table.get("molar_mass")
    usual = highest = None
    usual_text = ""
    if species is not None:
        low, high = (_in_unit(text, wanted, mass) for text in table["usual"])
        usual, highest = (low, high), _in_unit(table["highest"], wanted, mass)
        (least, _, own), (_, _, other) = (text.partition(" ") for text in table["usual"])
        usual_text = f"{least if own == other else table['usual'][0]} to {table['usual'][1]}"
    return AgentEntry(
        name=name,
        species=species,
        acts=table["acts"],
        unit=wanted,
        molar_mass=mass,
        usual=usual,
        highest=highest,
        usual_text=usual_text,
        highest_text=table.get("highest", ""),
        in_medium=table.get("in_medium", species is not None),
        source=table["source"],
        confidence=table["confidence"],
        note=table.get("note", ""),
    )
