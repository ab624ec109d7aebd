"""Mistakes of meaning: names that do not exist, quantities that do not fit, times that cannot be.

Works on the document as TOML gives it and passes over whatever has the wrong shape, so that mistakes of shape and of
meaning are reported together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pathway.errors import did_you_mean
from pathway.parameters import ParameterError
from pathway.units import UnitError

from . import quantities
from .divisors import formulas_undefined_without
from .experiment import MEDIUM_CHANGE
from .fit_plan import fit_mistakes
from .laboratory import Agent, Laboratory
from .measurements import parse_lane
from .mistakes import quoted_list
from .remedies import OTHER_READINGS, instead_of_protein
from .structure import Path

FEWEST_RANKED = 3
"""Arms of a rank correlation."""

DERIVED = {
    "GR": "1",
    "cell_number_fold": "1",
    "percent_of_control": "%",
    "percent_of_untreated": "%",
    "every species": "1",
}
"""What can be read besides the model's own names."""

NORMALIZATIONS = ("loading", "total", "minmax")
MOST_RECORDS = 100_000
MOST_RECORDS_IN_ALL = 1_000_000
MOST_DOSES = 10_000
MOST_ARMS = 1_000
MOST_DOSES_IN_ALL = 200_000
"""What a bench can do a hundred times over, and what a machine holds in memory."""


class ScenarioChecker:
    """Collects (path, text) of every mistake of one document."""

    def __init__(self, document: Mapping[str, Any], laboratory: Laboratory, folder: FilePath) -> None:
        self.document = document
        self.laboratory = laboratory
        self.folder = folder
        self.complaints: list[tuple[Path, str]] = []
        self.doses: dict[str, Any] = _table(document.get("dose"))
        self.arms = [arm for arm in _rows(document.get("arm")) if isinstance(arm.get("name"), str)]
        self.files: set[str] = set()
        self.end: float | None = None
        self.every: float | None = None
        self.first = 0.0

    def mistakes(self) -> list[tuple[Path, str]]:
        """All of them, in no particular order."""
        self._time()
        self._cells(self.document.get("cells"), ("cells",))
        for name, dose in self.doses.items():
            if isinstance(dose, dict):
                self._dose(name, dose)
        self._changes(_table(self.document.get("changes")), ("changes",))
        self._medium(self.document, ())
        for index, arm in enumerate(_rows(self.document.get("arm"))):
            self._arm(index, arm)
        self._all_doses()
        self._records()
        self._growth()
        shown = _table(self.document.get("show")).get("observables")
        for name in _texts(shown):
            self._readable(name, ("show", "observables"))
        self._data()
        self.complaints += fit_mistakes(_table(self.document.get("fit")), self.document, self.laboratory, self.folder)
        for index, entry in enumerate(_rows(self.document.get("expect"))):
            self._expect(entry, ("expect", index))
        return self.complaints

    def _add(self, path: Path, text: str) -> None:
        self.complaints.append((path, text))

    def _hours(self, table: Mapping[str, Any], key: str, path: Path, default: str | None = None) -> float | None:
        text = table.get(key, default)
        if not isinstance(text, str):
            return None
        try:
            return quantities.parse_hours(text)
        except UnitError as error:
            self._add((*path, key), f"{key}: {error}")
            return None

    def _known(
        self,
        name: Any,
        known: Iterable[str],
        path: Path,
        what: str,
        where: str = "",
        others: Mapping[str, Iterable[str]] | None = None,
    ) -> bool:
        if not isinstance(name, str) or name in (names := list(known)):
            return isinstance(name, str)
        listing = where or (f"Known here: {quoted_list(dict.fromkeys(names))}." if names else f"There is no {what}.")
        every = {**self.laboratory.other_names, **OTHER_READINGS, **(others or {})}
        others = {own: other for own, other in every.items() if own in names}
        self._add(path, f"no {what} is called '{name}'.{did_you_mean(name, names, others=others)} {listing}")
        return False

    def _time(self) -> None:
        time = _table(self.document.get("time"))
        self.end = self._hours(time, "end", ("time",))
        every = self._hours(time, "record_every", ("time",), "1 h")
        if self.end is not None and self.end <= 0:
            self._add(("time", "end"), f"end = '{time['end']}' must lie after time zero")
            self.end = None
        if every is not None and every <= 0:
            self._add(("time", "record_every"), f"record_every = '{time['record_every']}' must be longer than zero")
        else:
            self.every = every
        if len(self.arms) > MOST_ARMS:
            self._add(("arm", MOST_ARMS), f"there are {len(self.arms)} arms; at most {MOST_ARMS} make sense")

    def _records(self) -> None:
        """Bound what is recorded, from the first thing that happens to the end."""
        if self.end is None or self.every is None:
            return
        records = (self.end - self.first) / self.every
        for count, most, where in (
            (records, MOST_RECORDS, ""),
            (len(self.arms) * records, MOST_RECORDS_IN_ALL, f" in {len(self.arms)} arms"),
        ):
            if count > most:
                since = f" from {self.first:g} h on" if self.first < 0 else ""
                text = f"record_every would give {count:.0f} records{where}{since}; at most {most} make sense"
                return self._add(("time",), text)

    def _cells(self, name: Any, path: Path) -> None:
        if isinstance(name, str) and name.endswith(".toml"):
            if not (self.folder / name).is_file():
                self._add(path, f"there is no cell line file '{name}' beside this scenario ({self.folder})")
                return
            if name in self.files:
                return
            self.files.add(name)
            try:
                self.laboratory.parameters_of(name, self.folder)
            except ParameterError as error:
                for line in str(error).splitlines():
                    self._add(path, line)
        else:
            where = "All cell lines: pathway show cells; one of your own: pathway new my_line.toml --cells NAME"
            self._known(name, self.laboratory.cell_lines, path, "cell line", where)

    def _dose(self, name: str, dose: Mapping[str, Any]) -> None:
        path: Path = ("dose", name)
        self._dose_times(dose, path)
        agents = self.laboratory.agents
        if not self._known(dose.get("agent"), agents, (*path, "agent"), "agent", "All agents: pathway show agents"):
            return
        agent, amount = agents[dose["agent"]], dose.get("amount")
        if agent.name == MEDIUM_CHANGE:
            if amount is not None:
                self._add((*path, "amount"), "a medium change has no amount; remove the line")
        elif amount is None:
            if agent.species:
                self._add(path, f"[dose.{name}] has no 'amount'; expected for example amount = \"{_example(agent)}\"")
        elif isinstance(amount, str) and agent.species:
            self._amount(dose, agent, path)

    def _amount(self, dose: Mapping[str, Any], agent: Agent, path: Path) -> None:
        text = dose["amount"]
        try:
            value = quantities.parse_amount(text, agent.unit, agent.usual, agent.molar_mass)
        except UnitError as error:
            problem = str(error) if text in str(error) else f"'{text}': {error}"
            self._add((*path, "amount"), f"amount of {agent.name}: {problem}; expected for example '{_example(agent)}'")
            return
        if value <= 0:
            self._add(
                (*path, "amount"), f"amount '{text}' must be more than zero; leave the dose out of an arm instead"
            )
        elif agent.highest and value > agent.highest * (1 + 1e-9) and dose.get("allow") != "high dose":
            times = value / agent.highest
            record = agent.highest_text or f"{agent.highest:g} {agent.unit}"
            self._add(
                (*path, "amount"),
                f"amount '{text}' is {times:.3g} times above the highest in-vitro dose on record ({record}). "
                f'If intended, add to [{".".join(map(str, path))}]: allow = "high dose"',
            )

    def _dose_times(self, dose: Mapping[str, Any], path: Path) -> None:
        first = self._hours(dose, "at", path, "0 h")
        every = self._hours(dose, "every", path)
        count = dose.get("times", 1)
        if every is not None and every <= 0:
            self._add((*path, "every"), f"every = '{dose['every']}' must be longer than zero")
            return
        if isinstance(count, int) and count > 1 and "every" not in dose:
            self._add((*path, "times"), f'times = {count} needs every = "..." too: the time from one dose to the next')
        if first is None or self.end is None:
            return
        self.first = min(self.first, first)
        doses = count if "times" in dose and isinstance(count, int) else (self.end - first) / every if every else 1
        if doses > MOST_DOSES:
            self._add(
                (*path, "times" if "times" in dose else "every"),
                f"this dose would be given {doses:.0f} times; at most {MOST_DOSES} make sense",
            )
        elif first >= self.end:
            self._add(
                (*path, "at") if "at" in dose else path,
                f"at = '{dose.get('at', '0 h')}' is not before the end ({self.end:g} h)",
            )
        elif every and isinstance(count, int) and "times" in dose and first + every * (count - 1) >= self.end:
            fitting = int((self.end - first) / every + 1 - 1e-9)
            self._add((*path, "times"), f"times = {count}: only {fitting} doses fall before the end ({self.end:g} h)")

    def _all_doses(self) -> None:
        """Doses of all arms together; those that are too many by themselves are named elsewhere."""
        counts = {name: self._count(dose) for name, dose in self.doses.items() if isinstance(dose, dict)}
        given = sum(counts.get(name, 0.0) for arm in self.arms for name in dict.fromkeys(_texts(arm.get("doses"))))
        if given > MOST_DOSES_IN_ALL and all(count <= MOST_DOSES for count in counts.values()):
            self._add(("arm",), f"{given:.0f} doses would be given in all arms; at most {MOST_DOSES_IN_ALL} make sense")

    def _count(self, dose: Mapping[str, Any]) -> float:
        """How often a dose is given, as far as that can be told."""
        if isinstance(dose.get("times"), int):
            return float(dose["times"])
        try:
            every = quantities.parse_hours(dose["every"])
            return (self.end or 0.0) / every if every > 0.0 else 0.0
        except (KeyError, TypeError, UnitError):
            return 1.0

    def _changes(self, changes: Mapping[str, Any], path: Path) -> None:
        units = self.laboratory.parameters
        for name, value in changes.items():
            place = (*path, name)
            if not self._known(name, units, place, "parameter", "All parameters: pathway show parameters"):
                continue
            text = value.get("to") if isinstance(value, dict) else value
            if isinstance(value, dict):
                self._within(self._hours(value, "at", place), value.get("at"), (*place, "at"))
            if isinstance(text, str):
                try:
                    if quantities.parse_amount(text, units[name], usual=1.0) == 0.0:
                        self._zero(name, place)
                except UnitError as error:
                    self._add(place, f"change of {name}: {error}; expected for example '0.5 x' or '3 {units[name]}'")

    def _zero(self, name: str, place: Path) -> None:
        """Refuse 0 for what something is divided by."""
        if undefined := formulas_undefined_without(self.laboratory.model, name):
            self._add(place, f"change of {name}: it divides, and cannot be 0: {undefined} would not be a finite number")

    def _within(self, time: float | None, written: Any, path: Path) -> None:
        self.first = min(self.first, self.first if time is None else time)
        if time is not None and self.end is not None and time >= self.end:
            self._add(path, f"'{written}' is not before the end ({self.end:g} h)")

    def _arm(self, index: int, arm: Mapping[str, Any]) -> None:
        path: Path = ("arm", index)
        names = [other["name"] for other in self.arms]
        name = arm.get("name")
        if isinstance(name, str) and name in [o.get("name") for o in _rows(self.document.get("arm"))[:index]]:
            self._add((*path, "name"), f"there are two arms called '{name}'; each needs its own name")
        if isinstance(name, str) and (" vs " in name or " / " in name or not name.strip()):
            self._add(
                (*path, "name"), f"an arm cannot be called '{name}': ' vs ' and ' / ' stand between arms in [[expect]]"
            )
        if "cells" in arm:
            self._cells(arm["cells"], (*path, "cells"))
        agents = {dose: (table["agent"],) for dose, table in self.doses.items() if _gives(table)}
        for dose in _texts(arm.get("doses")):
            self._known(dose, self.doses, (*path, "doses"), "dose", others=agents)
        self._changes(_table(arm.get("changes")), (*path, "changes"))
        self._knock_downs(_table(arm.get("knock_down")), (*path, "knock_down"))
        self._medium(arm, path)
        if (
            "control" in arm
            and self._known(arm["control"], names, (*path, "control"), "arm")
            and arm["control"] == name
        ):
            self._add((*path, "control"), f"arm '{name}' cannot be its own control")

    def _knock_downs(self, knock_downs: Mapping[str, Any], path: Path) -> None:
        for protein, value in knock_downs.items():
            place = (*path, protein)
            known = self.laboratory.knock_downs
            listing = f"Known here: {quoted_list(known)}.{instead_of_protein(protein)}"
            self._known(protein, known, place, "protein that can be knocked down", listing)
            text = value.get("by") if isinstance(value, dict) else value
            if isinstance(value, str) and protein in self.laboratory.knock_downs:
                self._lasting(protein, value, place)
            if isinstance(value, dict):
                self._within(self._hours(value, "at", place), value.get("at"), (*place, "at"))
            if isinstance(text, str):
                try:
                    quantities.parse_fraction(text)
                except UnitError as error:
                    self._add(place, f"knock-down of {protein}: {error}")

    def _lasting(self, protein: str, text: str, path: Path) -> None:
        """A protein without synthesis can fall at a moment, and is never "lower for good" in cells at rest."""
        if self.laboratory.knock_downs[protein].species:
            example = f'{{ by = "{text}", at = "-48 h" }}'
            self._add(path, f"the circuit does not make {protein} anew, so it falls at a moment; write {example}")

    def _medium(self, table: Mapping[str, Any], path: Path) -> None:
        """A medium that there is, from a moment before the end, whose parameters nothing else sets."""
        medium, place = table.get("medium"), (*path, "medium")
        name = medium.get("to") if isinstance(medium, dict) else medium
        if not isinstance(name, str) or not self._known(name, self.laboratory.media, place, "medium"):
            return
        if isinstance(medium, dict):
            self._within(self._hours(medium, "at", place), medium.get("at"), (*place, "at"))
        for parameter in self.laboratory.media[name]:
            if parameter in {**_table(self.document.get("changes")), **_table(table.get("changes"))}:
                self._add(place, f"medium = '{name}' sets {parameter}, and so do the changes; keep one of them")

    def _growth(self) -> None:
        growth = _table(self.document.get("growth_rate"))
        for name in _texts(growth.get("of")):
            self._asked(name, ("growth_rate", "of"))
        at = self._hours(growth, "at", ("growth_rate",))
        if at is not None and self.end is not None and not 0 < at <= self.end:
            self._add(
                ("growth_rate", "at"), f"at = '{growth['at']}' must lie between time zero and the end ({self.end:g} h)"
            )

    def _asked(self, name: str, path: Path) -> None:
        """Whose effect GR shows: an agent that some dose gives, or the name of a dose."""
        agents = {dose: table["agent"] for dose, table in self.doses.items() if _gives(table)}
        known, given = self.laboratory.agents, dict.fromkeys(agents.values())
        if name in known and name in agents and agents[name] in known and agents[name] != name:
            problem = f"'{name}' is an agent, and the name of a dose of '{agents[name]}': rename [dose.{name}]"
            self._add(path, problem)
        elif name in known and name not in (*agents, *given):
            self._add(path, f"no dose gives '{name}'; given here: {quoted_list(given) or 'nothing'}")
        else:
            self._known(name, (*given, *self.doses), path, "agent given here and no dose")

    def _data(self) -> None:
        data = self.document.get("data")
        if isinstance(data, list):
            for index, table in enumerate(data):
                self._data_table(_table(table), ("data", index))
        else:
            self._data_table(_table(data), ("data",))

    def _data_table(self, data: Mapping[str, Any], path: Path) -> None:
        file = data.get("file")
        if isinstance(file, str) and not (self.folder / file).is_file():
            self._add((*path, "file"), f"there is no file '{file}' beside this scenario ({self.folder})")
        normalize = data.get("normalize")
        words = [normalize] if isinstance(normalize, str) else list(_texts(normalize))
        for word in words:
            self._normalize(word, (*path, "normalize"))
        axes = [word for word in words if word == "minmax" or word.startswith("lane:")]
        if len(axes) > 1:
            self._add((*path, "normalize"), f"normalize names {quoted_list(axes)}; only one of them can make the axis")

    def _normalize(self, word: str, path: Path) -> None:
        if word.startswith("lane:"):
            try:
                parse_lane(word, [arm["name"] for arm in self.arms])
            except ValueError as error:
                self._add(path, str(error))
        elif word not in NORMALIZATIONS:
            near = did_you_mean(word, NORMALIZATIONS)
            known = f"{quoted_list(NORMALIZATIONS)} or 'lane: ARM TIME'"
            self._add(path, f"normalize = '{word}' is not one of {known}.{near}")

    def _readable(self, name: str, path: Path, derived: bool = False) -> None:
        known = [*self.laboratory.units, *(DERIVED if derived else ())]
        self._known(name, known, path, "observable", "All observables: pathway show observables")

    def _expect(self, entry: Mapping[str, Any], path: Path) -> None:
        reading = self._reading(entry, path, {})
        if isinstance(entry.get("over"), dict):
            self._reading(entry["over"], (*path, "over"), reading)
        bands = [self._bound(entry, key, path) for key in ("above", "below")]
        reduce = entry.get("reduce", "end")
        if "above" not in entry and "below" not in entry and reduce != "never_decreases":
            self._add(path, f"[[expect]] {_called(entry)} has no band; add above = ..., below = ..., or both")
        if None not in bands and bands[0] > bands[1]:  # type: ignore[operator]
            self._add(
                (*path, "above"),
                f"above = {entry['above']} is greater than below = {entry['below']}: nothing can meet that",
            )

    def _bound(self, entry: Mapping[str, Any], key: str, path: Path) -> float | None:
        value = entry.get(key)
        try:
            return band_limit(value, str(entry.get("reduce", "end")))
        except UnitError as error:
            self._add((*path, key), f"{key}: {error}")
            return None

    def _reading(self, entry: Mapping[str, Any], path: Path, outer: Mapping[str, Any]) -> Mapping[str, Any]:
        merged = {**outer, **entry}
        quantity, reduce = merged.get("quantity"), merged.get("reduce", "end")
        if isinstance(quantity, str):
            self._readable(quantity, (*path, "quantity"), derived=True)
        elif quantity is None and reduce not in ("rmse", "drift"):
            self._add(path, f"[[expect]] {_called(entry)} has no 'quantity'; expected for example quantity = \"GR\"")
        if quantity == "GR" and "growth_rate" not in self.document and not any("control" in a for a in self.arms):
            self._add((*path, "quantity"), 'GR needs [growth_rate] of = ["an agent"]: the drug whose effect is asked')
        if "rank_with" in entry:
            self._ranks(entry, path)
        else:
            self._arms_of(entry, path, outer)
        times = {key: self._hours(entry, key, path) for key in ("at", "from", "until")}
        for key, time in times.items():
            if time is not None and self.end is not None and time > self.end:
                self._add((*path, key), f"{key} = '{entry[key]}' lies after the end ({self.end:g} h)")
        if reduce == "at" and "at" not in merged:
            self._add(path, f'[[expect]] {_called(entry)}: reduce = "at" needs at = "..."')
        if reduce == "rmse" and "data" not in self.document:
            self._add((*path, "reduce"), 'reduce = "rmse" needs [data] with the file of the measured points')
        if entry.get("take") and "ratio" not in merged:
            self._add((*path, "take"), f'take = "{entry["take"]}" is about a ratio; add ratio = "a / b"')
        return merged

    def _ranks(self, entry: Mapping[str, Any], path: Path) -> None:
        """A rank correlation over arms: with another quantity of theirs, or with numbers that were measured."""
        clash = next((key for key in ("arm", "compare", "ratio", "over") if key in entry), None)
        if clash:
            self._add((*path, clash), f"rank_with goes over arms; leave out '{clash}'")
        partner, names = entry["rank_with"], [arm["name"] for arm in self.arms]
        if isinstance(partner, str):
            self._readable(partner, (*path, "rank_with"), derived=True)
            partner = names
        elif isinstance(partner, dict):
            for name, value in partner.items():
                self._known(name, names, (*path, "rank_with", name), "arm")
                if isinstance(value, float) and not math.isfinite(value):
                    self._add((*path, "rank_with", name), f"rank_with: {value} of '{name}' is no measured number")
        else:
            return
        if len(partner) < FEWEST_RANKED:
            self._add(
                (*path, "rank_with"), f"rank_with: {len(partner)} arms; a correlation needs at least {FEWEST_RANKED}"
            )

    def _arms_of(self, entry: Mapping[str, Any], path: Path, outer: Mapping[str, Any]) -> None:
        given = [key for key in ("arm", "compare", "ratio") if key in entry]
        names = [arm["name"] for arm in self.arms]
        if len(given) > 1:
            self._add(
                (*path, given[1]), f"[[expect]] {_called(entry)} has both '{given[0]}' and '{given[1]}'; choose one"
            )
        if not given and not outer and len(names) > 1 and entry.get("reduce") not in ("rmse", "drift"):
            self._add(
                path,
                f'[[expect]] {_called(entry)} names no arm; add arm = "...", compare = "a vs b" or ratio = "a / b"',
            )
        for key in given:
            if isinstance(entry[key], str):
                parts = arm_names_in(key, entry[key])
                if parts is None:
                    self._add(
                        (*path, key), f"{key} = '{entry[key]}' must read '{'a vs b' if key == 'compare' else 'a / b'}'"
                    )
                for part in parts or ():
                    self._known(part, names, (*path, key), "arm")


def band_limit(value: Any, reduce: str) -> float | None:
    """A band's edge as a number; of a time, in hours.

    Raises
    ------
    UnitError
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise UnitError(f"{value} is no edge of a band; leave it out instead")
        return float(value)
    if not isinstance(value, str):
        return None
    if reduce == "half_rise_time":
        return quantities.parse_hours(value)
    return quantities.parse_amount(value, "1")


def arm_names_in(key: str, text: str) -> tuple[str, ...] | None:
    """Names of the arms in `arm = "a"`, `compare = "a vs b"`, `ratio = "a / b"`; None if the text is no such thing."""
    if key == "arm":
        return (text,)
    parts = tuple(part.strip() for part in text.split(" vs " if key == "compare" else " / "))
    return parts if len(parts) == 2 and all(parts) else None


def _gives(dose: Any) -> bool:
    return isinstance(dose, dict) and isinstance(dose.get("agent"), str)


def _example(agent: Agent) -> str:
    return f"{agent.usual or 1.0:.3g} {agent.unit}"


def _called(entry: Mapping[str, Any]) -> str:
    name = entry.get("finding") or entry.get("claim")
    return f"'{name}'" if isinstance(name, str) else ""


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row if isinstance(row, dict) else {} for row in value] if isinstance(value, list) else []


def _texts(value: Any) -> Iterator[str]:
    return (entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else iter(())
