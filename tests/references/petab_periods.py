"""PEtab 2 experiments with events once more: the tables and the SBML file read plainly, and run moment by moment.

Nothing of the package is used: libSBML parses, SciPy's DOP853 integrates, a trigger that has changed is found by
bisection to neighboring floats, and what happens at a moment is written out as the two specifications have it.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import libsbml
import numpy as np
import yaml
from scipy.integrate import DOP853

Values = dict[str, float]

REST = 400.0
"""Time after which a model rests; events after half of it never end."""

MOST = 400
"""Executions between two periods after which they never end."""

PROBES = 4
"""Looks at the triggers within a step."""


class NoSteadyState(ArithmeticError):
    """Events that go on happening."""


@dataclass
class Pending:
    """An execution to come."""

    event: int
    due: float
    values: list[float] | None


@dataclass
class Memory:
    """What outlives a period."""

    true: list[bool]
    pending: list[Pending] = field(default_factory=list)


@dataclass
class Declared:
    """One event of the file."""

    trigger: Callable[[Values], float]
    initial: bool
    persistent: bool
    from_trigger: bool
    delay: Callable[[Values], float]
    priority: Callable[[Values], float]
    targets: list[str]
    values: list[Callable[[Values], float]]


def formula(text: str) -> Callable[[Values], float]:
    """A formula of libSBML or PEtab as a function of the values of its names."""
    text = re.sub(r"\s+", " ", text.replace("^", "**").replace("&&", " and ").replace("||", " or "))
    code = compile(text.strip(), text, "eval")
    functions = {"exp": math.exp, "piecewise": _piecewise, "__builtins__": {}}
    return lambda values: float(eval(code, functions, values))


def _piecewise(*parts: float) -> float:
    for value, condition in zip(parts[::2], parts[1::2], strict=False):
        if condition:
            return value
    return parts[-1]


class PlainPeriods:
    """A problem's tables as they stand, and its experiments run one by one.

    Parameters
    ----------
    path : Path
        The YAML file.
    """

    def __init__(self, path: Path) -> None:
        content = yaml.safe_load(path.read_text())
        folder = path.parent
        (model,) = content["model_files"].values()
        self._read_model(libsbml.readSBMLFromFile(str(folder / model["location"])))
        self.conditions: dict[str, list[tuple[str, Callable[[Values], float]]]] = {}
        for row in _rows(folder, content["condition_files"]):
            self.conditions.setdefault(row["conditionId"], []).append((row["targetId"], formula(row["targetValue"])))
        self.experiments: dict[str, dict[float, list[str]]] = {}
        for row in _rows(folder, content["experiment_files"]):
            at = self.experiments.setdefault(row["experimentId"], {}).setdefault(float(row["time"]), [])
            at += [row["conditionId"]] if row["conditionId"] else []
        self.observables = {
            row["observableId"]: formula(row["observableFormula"]) for row in _rows(folder, content["observable_files"])
        }
        self.measurements = _rows(folder, content["measurement_files"])
        self.parameters = {
            row["parameterId"]: float(row["nominalValue"]) for row in _rows(folder, content["parameter_files"])
        }

    def _read_model(self, document: libsbml.SBMLDocument) -> None:
        self.document, model = document, document.getModel()
        self.given: Values = {}
        self.size_of: dict[str, str] = {}
        for part in model.getListOfCompartments():
            self.given[part.getId()] = part.getSize()
        for part in model.getListOfParameters():
            self.given[part.getId()] = part.getValue()
        for part in model.getListOfSpecies():
            if not part.getHasOnlySubstanceUnits():
                self.size_of[part.getId()] = part.getCompartment()
            size = self.given[part.getCompartment()]
            amount = part.getInitialAmount() if part.isSetInitialAmount() else part.getInitialConcentration() * size
            self.given[part.getId()] = amount if part.getHasOnlySubstanceUnits() else amount / size
        self.starts = {part.getSymbol(): _math(part) for part in model.getListOfInitialAssignments()}
        rules = list(model.getListOfRules())
        self.rules = {r.getVariable(): _math(r) for r in rules if r.isAssignment()}
        for name in self.rules:
            self.given.pop(name, None)
        self.rates = {r.getVariable(): [(1.0, _math(r))] for r in rules if r.isRate()}
        for reaction in model.getListOfReactions():
            speed = _math(reaction.getKineticLaw())
            for sign, sides in ((-1.0, reaction.getListOfReactants()), (1.0, reaction.getListOfProducts())):
                for part in sides:
                    self.rates.setdefault(part.getSpecies(), []).append((sign * part.getStoichiometry(), speed))
        self.moving = tuple(self.rates)
        self.events = [_event(event) for event in model.getListOfEvents()]

    def simulated(self, parameters: Values) -> np.ndarray:
        """The value of every measurement, in the order of the table, at values of the parameter table."""
        found = np.full(len(self.measurements), np.nan)
        for name in self.experiments:
            rows = [k for k, m in enumerate(self.measurements) if m["experimentId"] == name]
            times = sorted({float(self.measurements[k]["time"]) for k in rows})
            states = self._course(name, parameters, times)
            for k in rows:
                m = self.measurements[k]
                found[k] = self.observables[m["observableId"]](states[float(m["time"])])
        return found

    def _course(self, experiment: str, parameters: Values, times: list[float]) -> dict[float, Values]:
        """All values at each time."""
        periods = self.experiments[experiment]
        starts = sorted(periods)
        values = self._begun(periods[starts[0]], parameters)
        memory = Memory([event.initial for event in self.events])
        found: dict[float, Values] = {}
        for k, start in enumerate(starts):
            end = starts[k + 1] if k + 1 < len(starts) else math.inf
            values["time"] = 0.0 if start == -math.inf else start
            if k > 0:
                values |= {n: f(self._all(values)) for c in periods[start] for n, f in self.conditions[c]}
            inside = [t for t in times if max(start, 0.0) <= t < end] if start > -math.inf else []
            if start == -math.inf:
                self._rest(values, memory)
            else:
                last = end if end < math.inf else max(inside, default=start)
                self._run(values, memory, last, end == math.inf, [t for t in inside if t < math.inf], found)
        return found

    def _begun(self, conditions: list[str], parameters: Values) -> Values:
        values = {**self.given, **parameters, "time": 0.0}
        changed = {n: f for c in conditions for n, f in self.conditions[c]}
        values |= {n: f(values) for n, f in changed.items()}
        for name, start in self.starts.items():  # in the order of the file, each over earlier ones
            if name not in changed and name not in parameters:
                values[name] = start(self._all(values))
        return values

    def _all(self, values: Values) -> Values:
        known = dict(values)
        for name, rule in self.rules.items():  # in the order of the file, each over earlier ones
            known[name] = rule(known)
        return known

    def _rest(self, values: Values, memory: Memory) -> None:
        self._run(values, memory, REST / 2, True, [], {})
        if self._run(values, memory, REST, True, [], {}) or memory.pending:
            raise NoSteadyState

    def _run(
        self, values: Values, memory: Memory, end: float, closed: bool, times: list[float], found: dict[float, Values]
    ) -> int:
        """Go on to `end`; what happens there is left to the next period unless it is `closed`."""
        executed = self._respond(values, memory)
        while True:
            now = values["time"]
            found |= {t: self._all(values) for t in times if t == now}
            if now >= end:
                return executed
            stop = min([end, *(p.due for p in memory.pending), *(t for t in times if t > now)])
            self._integrate(values, memory, stop)
            if values["time"] < end or closed:
                executed += self._respond(values, memory)
            if executed > MOST:
                raise NoSteadyState

    def _integrate(self, values: Values, memory: Memory, stop: float) -> None:
        """To `stop`, or to the first float before it at which a trigger is not what it was."""

        def at(time: float, y: np.ndarray) -> Values:
            return self._all({**values, **dict(zip(self.moving, map(float, y), strict=True)), "time": time})

        def slope(time: float, y: np.ndarray) -> np.ndarray:
            known = at(time, y)
            amounts = [sum(s * speed(known) for s, speed in self.rates[n]) for n in self.moving]
            by_size = [known[self.size_of[n]] if n in self.size_of else 1.0 for n in self.moving]
            return np.array(amounts) / by_size

        def changed(time: float, y: np.ndarray) -> bool:
            known = at(time, y)
            return any(bool(e.trigger(known)) != was for e, was in zip(self.events, memory.true, strict=True))

        start = np.array([values[n] for n in self.moving])
        solver = DOP853(slope, values["time"], start, stop, rtol=1e-11, atol=1e-13, max_step=0.05 + values["time"] / 40)
        while solver.status == "running":
            solver.step()
            dense = solver.dense_output()
            probes = np.linspace(solver.t_old, solver.t, PROBES + 1)
            for low, high in pairwise(probes):
                if changed(high, dense(high)):
                    while (middle := 0.5 * (low + high)) not in (low, high):
                        low, high = (low, middle) if changed(middle, dense(middle)) else (middle, high)
                    values |= {**dict(zip(self.moving, map(float, dense(high)), strict=True)), "time": float(high)}
                    return
        values |= {**dict(zip(self.moving, map(float, solver.y), strict=True)), "time": float(stop)}

    def _respond(self, values: Values, memory: Memory) -> int:
        """Everything that happens at the present moment; how many events were executed."""
        executed = 0
        self._look(values, memory)
        while due := [p for p in memory.pending if p.due <= values["time"]]:
            known = self._all(values)
            first = max(due, key=lambda p: self.events[p.event].priority(known))
            memory.pending.remove(first)
            event = self.events[first.event]
            new = first.values if first.values is not None else [f(known) for f in event.values]
            values |= zip(event.targets, new, strict=True)
            executed += 1
            self._look(values, memory)
        return executed

    def _look(self, values: Values, memory: Memory) -> None:
        """Compare every trigger with what it was."""
        known = self._all(values)
        for k, event in enumerate(self.events):
            true, was = bool(event.trigger(known)), memory.true[k]
            memory.true[k] = true
            if was and not true and not event.persistent:
                memory.pending = [p for p in memory.pending if p.event != k]
            if true and not was:
                new = [f(known) for f in event.values] if event.from_trigger else None
                memory.pending.append(Pending(k, values["time"] + event.delay(known), new))


def _math(part: libsbml.SBase) -> Callable[[Values], float]:
    return formula(libsbml.formulaToL3String(part.getMath()))


def _event(event: libsbml.Event) -> Declared:
    def or_zero(part: libsbml.SBase | None) -> Callable[[Values], float]:
        return (lambda values: 0.0) if part is None else _math(part)

    return Declared(
        trigger=_math(event.getTrigger()),
        initial=event.getTrigger().getInitialValue(),
        persistent=event.getTrigger().getPersistent(),
        from_trigger=event.getUseValuesFromTriggerTime(),
        delay=or_zero(event.getDelay()),
        priority=or_zero(event.getPriority()),
        targets=[a.getVariable() for a in event.getListOfEventAssignments()],
        values=[_math(a) for a in event.getListOfEventAssignments()],
    )


def _rows(folder: Path, names: list[str]) -> list[dict[str, str]]:
    rows = []
    for name in names:
        with (folder / name).open(encoding="utf-8", newline="") as stream:
            rows += list(csv.DictReader(stream, delimiter="\t"))
    return rows
