"""`Problem`: what is to be fitted to what, without any file format.

Values are in natural units everywhere; `scale` only says how the optimizer and the figures see a parameter.
An experiment is a row of periods. The first period changes the model before its initial values are worked out; every
later one changes the running simulation, and what it does not mention goes on as it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError, did_you_mean
from pathway.expressions import Expression, symbols

from .priors import Prior

if TYPE_CHECKING:
    from pathway.simulation.protocol import Experiment

SCALES = ("linear", "log", "log10")
DISTRIBUTIONS = ("normal", "laplace", "student_t")
NORMALIZATIONS = ("minmax", "mean")
STEADY = math.inf


class ProblemError(InputError):
    """A fitting problem that contradicts itself; one line for each mistake, but only the first `SHOWN` of many."""

    SHOWN = 10

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        more = len(self.mistakes) - self.SHOWN
        lines = self.mistakes if more <= 0 else (*self.mistakes[: self.SHOWN], f"... and {more} more")
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Parameter:
    """A number that may be estimated.

    Attributes
    ----------
    name : str
        A parameter of the model, or a name used by observables, noise or changes.
    value : float
        Nominal value; the value used when `estimated` is False.
    lower, upper : float
    scale : str
        "linear", "log" or "log10": how the optimizer sees it.
    estimated : bool
    prior : Prior, optional
        Adds its negative log density to the objective.
    start : Prior, optional
        Where starting points are drawn from; default: uniform between the bounds on `scale`.
    unit, meaning : str
    """

    name: str
    value: float
    lower: float = -math.inf
    upper: float = math.inf
    scale: str = "linear"
    estimated: bool = True
    prior: Prior | None = None
    start: Prior | None = None
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Observable:
    """What is measured, and how it scatters.

    Attributes
    ----------
    name : str
    formula : Expression
        Over species, assignments, parameters, placeholders and `time`.
    noise : Expression
        Standard deviation ("normal") or scale ("laplace", "student_t") on the scale of `transformation`.
    distribution : str
        One of `DISTRIBUTIONS`.
    transformation : str
        "linear", "log" or "log10": data and simulation are compared after this function.
    degrees_of_freedom : float
        Of "student_t".
    unit : str
    """

    name: str
    formula: Expression
    noise: Expression
    distribution: str = "normal"
    transformation: str = "linear"
    degrees_of_freedom: float = 4.0
    unit: str = ""


@dataclass(frozen=True)
class Measurement:
    """One number from the bench.

    Attributes
    ----------
    observable, experiment : str
    time : float
        inf: at the steady state of the last period.
    value : float
    placeholders : mapping of name to Expression
        What stands for the placeholders of the observable and its noise in this measurement.
    censored : str
        "": measured; "below": known to be at most `value`; "above": at least.
    replicate : str
    source : str
        File and row, for messages.
    normalization : str
        Name of the `Normalization` that brings the simulated value onto the axis of the measured one; "": none.
    counted : bool
        Whether it counts in the likelihood, or is only simulated and compared: held out, or true by construction.
    """

    observable: str
    experiment: str
    time: float
    value: float
    placeholders: Mapping[str, Expression] = field(default_factory=dict)
    censored: str = ""
    replicate: str = ""
    source: str = ""
    normalization: str = ""
    counted: bool = True


@dataclass(frozen=True)
class Normalization:
    """What the bench did to measured values, done to simulated ones: (simulated - zero) / (one - zero).

    Attributes
    ----------
    name : str
    observable : str
    points : tuple of (experiment, time)
        Moments whose simulated values make the zero and the one.
    kind : str
        "minmax": zero and one are the least and the greatest of them; "mean": zero is 0 and one is their mean.
    """

    name: str
    observable: str
    points: tuple[tuple[str, float], ...]
    kind: str = "minmax"


@dataclass(frozen=True, eq=False)
class ProblemSource:
    """The files that a problem was read from, and what was changed on the way.

    Attributes
    ----------
    inputs : mapping of file name to bytes
        As the files were then; the one that was named comes first.
    settings : tuple of "KEY=VALUE"
    without : tuple of str
        Parameters that were switched off.
    """

    inputs: Mapping[str, bytes] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Problem:
    """A model, what may change in it, and what was measured.

    Attributes
    ----------
    name : str
    model : Model
    parameters : tuple of Parameter
    experiments : tuple of Experiment
    observables : tuple of Observable
    measurements : tuple of Measurement
    posterior : bool
        Whether flat priors count too (`- log(upper - lower)` for each estimated parameter without a prior).
    derived : mapping of model parameter to Expression
        Parameters that, unless something sets them, are worked out once at the start of an experiment from the
        others as its first period leaves them.
    normalizations : tuple of Normalization
    switches : frozenset of str
        Model parameters that say how the model is run, and those that take whatever value an anchor asks for: no facts
        that data could contradict.
    facts : frozenset of str
        Model parameters that are of these cells, and not of every model of its kind.
    source : ProblemSource
        Empty for a problem that was put together in Python.
    """

    name: str
    model: Model
    parameters: tuple[Parameter, ...]
    experiments: tuple[Experiment, ...]
    observables: tuple[Observable, ...]
    measurements: tuple[Measurement, ...]
    posterior: bool = False
    derived: Mapping[str, Expression] = field(default_factory=dict)
    normalizations: tuple[Normalization, ...] = ()
    switches: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    source: ProblemSource = field(default_factory=ProblemSource)

    def __repr__(self) -> str:
        counts = f"{len(self.parameters)} parameters, {len(self.experiments)} experiments"
        return f"<Problem '{self.name}': {counts}, {len(self.measurements)} measurements>"

    def __post_init__(self) -> None:
        mistakes = list(_mistakes(self))
        if mistakes:
            raise ProblemError(mistakes)

    @cached_property
    def estimated(self) -> tuple[Parameter, ...]:
        """The parameters to be estimated, in the order of every array of the fitting room."""
        return tuple(p for p in self.parameters if p.estimated)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the estimated parameters."""
        return tuple(p.name for p in self.estimated)

    @property
    def nominal(self) -> np.ndarray:
        """Nominal values of the estimated parameters in natural units, shape (n_estimated,)."""
        return np.array([p.value for p in self.estimated])

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds on the optimizer's scale, each of shape (n_estimated,)."""
        lower = np.array([p.lower for p in self.estimated])
        upper = np.array([p.upper for p in self.estimated])
        return self.to_scale(lower), self.to_scale(upper)

    @cached_property
    def linear(self) -> np.ndarray:
        """Positions of the estimated parameters on a linear scale."""
        return np.flatnonzero([p.scale == "linear" for p in self.estimated])

    @cached_property
    def scale_factors(self) -> np.ndarray:
        """On a logarithmic scale, d natural / d scaled is this times the natural value, shape (n_estimated,)."""
        return np.array([math.log(10.0) if p.scale == "log10" else 1.0 for p in self.estimated])

    def to_scale(self, natural: np.ndarray) -> np.ndarray:
        """Natural values to the optimizer's scale, shape (..., n_estimated)."""
        log10, log = self._logarithmic
        scaled = np.array(natural, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled[..., log10] = np.log10(scaled[..., log10])
            if len(log):
                scaled[..., log] = np.log(scaled[..., log])
        return scaled

    def from_scale(self, scaled: np.ndarray) -> np.ndarray:
        """The optimizer's scale to natural values, shape (..., n_estimated)."""
        log10, log = self._logarithmic
        natural = np.array(scaled, dtype=float)
        with np.errstate(over="ignore"):
            natural[..., log10] = 10.0 ** natural[..., log10]
            if len(log):
                natural[..., log] = np.exp(natural[..., log])
        return natural

    @cached_property
    def _logarithmic(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the parameters on a log10 and on a natural logarithmic scale."""
        scales = np.array([p.scale for p in self.estimated])
        return np.flatnonzero(scales == "log10"), np.flatnonzero(scales == "log")

    def fixed(self, values: Mapping[str, float]) -> Problem:
        """The same problem with some parameters held at these natural values."""
        unknown = [n for n in values if n not in {p.name for p in self.parameters}]
        if unknown:
            raise ProblemError([_unknown("parameter", unknown[0], [p.name for p in self.parameters], self.name)])
        parameters = tuple(
            replace(p, value=float(values[p.name]), estimated=False) if p.name in values else p for p in self.parameters
        )
        return replace(self, parameters=parameters)


def _unknown(kind: str, name: str, known: Iterable[str], where: str) -> str:
    return f"{where}: no {kind} is called '{name}'.{did_you_mean(name, known)}"


def _mistakes(problem: Problem) -> Iterable[str]:
    yield from _parameter_mistakes(problem)
    yield from _experiment_mistakes(problem)
    yield from _measurement_mistakes(problem)
    yield from _normalization_mistakes(problem)


def _parameter_mistakes(problem: Problem) -> Iterable[str]:
    seen: set[str] = set()
    for p in problem.parameters:
        where = f"{problem.name}: parameter '{p.name}'"
        if p.name in seen:
            yield f"{where} is declared twice"
        seen.add(p.name)
        if p.scale not in SCALES:
            yield f"{where} has scale '{p.scale}'; expected one of {', '.join(SCALES)}"
        if p.estimated and not p.lower <= p.upper:
            yield f"{where} has lower bound {p.lower:g} above upper bound {p.upper:g}"
        elif p.estimated and p.scale != "linear" and p.lower < 0.0:
            yield f"{where} has lower bound {p.lower:g} on a logarithmic scale; expected a positive number"
        elif p.estimated and not p.lower <= p.value <= p.upper and not math.isnan(p.value):
            yield f"{where} has value {p.value:g} outside its bounds {p.lower:g} to {p.upper:g}"
        if not p.estimated and math.isnan(p.value):
            yield f"{where} is not estimated and has no value"


def _experiment_mistakes(problem: Problem) -> Iterable[str]:
    model = problem.model
    constants = {p.name for p in problem.parameters} | set(model.parameters)
    states = set(model.species) | set(model.assignments) | {"time"}
    for experiment in problem.experiments:
        where = f"{problem.name}: experiment '{experiment.name}'"
        # Rests may follow each other; what starts at a moment has it for itself.
        starts = [period.start for period in experiment.periods[max(len(experiment.preequilibration) - 1, 0) :]]
        if starts != sorted(starts) or len(set(starts)) != len(starts):
            yield f"{where} has periods that start at {', '.join(f'{s:g}' for s in starts)}; expected rising times"
        for period in experiment.periods:
            for target, value in period.changes.items():
                if target not in model.species and target not in model.parameters:
                    yield _unknown("species or parameter", target, [*model.species, *model.parameters], where)
                for name in sorted(symbols(value) - constants - states):
                    yield _unknown("parameter", name, constants, f"{where}, new value of '{target}'")


def _measurement_mistakes(problem: Problem) -> Iterable[str]:
    observables = {o.name: o for o in problem.observables}
    experiments = {e.name: e for e in problem.experiments}
    model = problem.model
    known = {p.name for p in problem.parameters} | set(model.parameters) | set(model.species)
    known |= set(model.assignments) | set(observables) | {"time"}
    unknown: set[tuple[str, str]] = set()
    for o in problem.observables:
        if o.distribution not in DISTRIBUTIONS:
            kinds = ", ".join(DISTRIBUTIONS)
            yield f"{problem.name}: observable '{o.name}' has noise '{o.distribution}'; expected {kinds}"
    for m in problem.measurements:
        where = m.source or problem.name
        if m.observable not in observables:
            yield _unknown("observable", m.observable, observables, where)
            continue
        if m.experiment not in experiments:
            yield _unknown("experiment", m.experiment, experiments, where)
            continue
        used = _all_symbols(observables[m.observable], observables)
        for name in sorted(used - known - set(m.placeholders)):
            if (m.observable, name) not in unknown:
                unknown.add((m.observable, name))
                yield (
                    f"{where}: '{name}' of observable '{m.observable}' is neither declared nor given a value here."
                    f"{did_you_mean(name, known)}"
                )
        for value in m.placeholders.values():
            for name in sorted(symbols(value) - known):
                yield _unknown("parameter", name, known, where)
        yield from _value_mistakes(m, observables[m.observable], experiments[m.experiment], model.start_time, where)
        if m.normalization and m.normalization not in {n.name for n in problem.normalizations}:
            yield _unknown("normalization", m.normalization, [n.name for n in problem.normalizations], where)


def _normalization_mistakes(problem: Problem) -> Iterable[str]:
    observables, experiments = {o.name for o in problem.observables}, {e.name for e in problem.experiments}
    for n in problem.normalizations:
        where = f"{problem.name}: normalization '{n.name}'"
        if n.kind not in NORMALIZATIONS:
            yield f"{where} is of kind '{n.kind}'; expected {' or '.join(NORMALIZATIONS)}"
        if n.observable not in observables:
            yield _unknown("observable", n.observable, observables, where)
        if not n.points:
            yield f"{where} has no moments that could make its zero and one"
        for name in dict.fromkeys(name for name, _ in n.points if name not in experiments):
            yield _unknown("experiment", name, experiments, where)


def _value_mistakes(m: Measurement, o: Observable, e: Experiment, model_start: float, where: str) -> Iterable[str]:
    if math.isnan(m.value):
        yield f"{where}: the measurement has no value"
    elif math.isinf(m.value):
        yield f"{where}: measurement {m.value:g} is not finite"
    if math.isnan(m.time):
        yield f"{where}: the measurement has no time"
    start = next((p.start for p in e.periods if p.start != -math.inf), model_start)
    if m.time < start:
        yield f"{where}: time {m.time:g} lies before the experiment's start at {start:g}"
    if o.transformation != "linear" and m.value <= 0.0:
        yield f"{where}: measurement {m.value:g} of '{o.name}' is compared as a logarithm; expected a positive number"
    if m.censored not in ("", "below", "above"):
        yield f"{where}: censored is '{m.censored}'; expected nothing, below or above"


def _all_symbols(o: Observable, observables: Mapping[str, Observable]) -> set[str]:
    """Symbols of formula and noise, with those of other observables they mention."""
    pending, seen = [o], {o.name}
    mentioned: set[str] = set()
    while pending:
        used = symbols(pending[-1].formula, pending.pop().noise)
        mentioned |= used
        for name in used & observables.keys() - seen:
            seen.add(name)
            pending.append(observables[name])
    return mentioned
