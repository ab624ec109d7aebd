"""The same fit on logarithms, for descents that would end where a curve has vanished.

A curve far below its data costs no more than the data themselves once it is nearly zero, and slopes vanish there: a
descent that has come so far stays. On a logarithmic axis it would have to go infinitely far, and rate constants on
logarithmic scales move it along a nearly straight line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pathway.expressions import Expression, parse, substitute, symbols

from ..problem import Measurement, Observable, Problem

FLOOR = 0.05
"""Of the largest measured value of an observable, added to values before the logarithm is taken."""

NOISE = 0.3
"""Standard deviation of the logarithms: the same everywhere, so that small values count as much as large ones."""


def on_logarithms(problem: Problem) -> Problem | None:
    """The problem with observables of positive data on logarithms; None where there are none to be changed.

    Estimated parameters that nothing depends on any longer, such as noise levels, are no longer estimated.
    """
    floors = {o.name: floor for o in problem.observables if (floor := _floor(problem, o)) > 0.0}
    if not floors:
        return None
    changed = replace(
        problem,
        observables=tuple(_observable(o, floors[o.name]) if o.name in floors else o for o in problem.observables),
        measurements=tuple(
            replace(m, value=max(m.value, 0.0) + floors[m.observable]) if m.observable in floors else m
            for m in problem.measurements
        ),
    )
    used = set(problem.model.parameters).union(*map(symbols, _formulas(changed)))
    return changed.fixed({p.name: p.value for p in problem.estimated if p.name not in used})


def _floor(problem: Problem, observable: Observable) -> float:
    """What is added to an observable's values; 0: it stays as it is."""
    own = [m for m in problem.measurements if m.observable == observable.name and m.counted]
    floor = FLOOR * max((m.value for m in own), default=0.0)
    usual = observable.transformation == "linear" and not any(m.normalization for m in own)
    return floor if usual and all(m.value >= -floor for m in own) else 0.0


def _observable(observable: Observable, floor: float) -> Observable:
    raised = substitute(parse(f"value + {floor!r}"), {"value": observable.formula})
    return replace(observable, formula=raised, noise=parse(repr(NOISE)), transformation="log", distribution="normal")


def _formulas(problem: Problem) -> Iterator[Expression]:
    """All formulas outside the model."""
    observables = {o.name: o for o in problem.observables}
    for o in observables.values():
        yield from (o.formula, o.noise)
    for m in problem.measurements:
        yield from _placeholders(m, observables[m.observable])
    yield from problem.derived.values()
    for experiment in problem.experiments:
        for period in experiment.periods:
            yield from period.changes.values()


def _placeholders(measurement: Measurement, observable: Observable) -> Iterable[Expression]:
    """What stands for the placeholders that an observable has."""
    names = symbols(observable.formula) | symbols(observable.noise)
    return (formula for name, formula in measurement.placeholders.items() if name in names)
