"""Targets of a steady state written as integral feedback, for whatever knows no targets.

A scenario's cells come to rest before anything is done to them; pure outputs stand still meanwhile, anchored parameters
find the value that the line's own facts ask for, and a knock-down lowers a synthesis until the level has fallen as the
bench measured it. Here a factor stands beside each such parameter, and moves until the level is right while the cells
rest (integral feedback); afterwards it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, divide, multiply, number, symbol, symbols
from pathway.expressions.calculus import substitute_all
from pathway.simulation.formulas import find_formula
from pathway.simulation.protocol import STEADY, Experiment, Period, SteadyTarget

COUNTING = "counting"
"""1 while pure outputs (the number of cells) move, 0 while the cells rest."""
GAIN = 0.01
"""1/h: how fast a factor follows. Slower than what it steers, so that it does not overshoot."""
REST = 2e4
"""Hours that cells are given to rest after something was changed in them for good."""

Formulas = Mapping[str, Expression]


def with_integral_feedback(
    model: Model, experiments: Sequence[Experiment]
) -> tuple[Model, tuple[Experiment, ...], frozenset[str]]:
    """A model with a factor beside every parameter that a target decides, the experiments without targets, and the
    model parameters that are no facts any more: switches, and what the factors steer.

    Parameters
    ----------
    model : Model
    experiments : sequence of Experiment
        Only the first rest of each has no end afterwards; the others last for `REST`.
    """
    rests = [period for experiment in experiments for period in experiment.preequilibration]
    feedback = _Feedback(model, [target for period in rests for target in period.targets])
    return feedback.model, tuple(map(feedback.rewritten, experiments)), feedback.switches


class _Feedback:
    """The model with its factors.

    Attributes
    ----------
    model : Model
    factors : mapping of parameter to list of str
        The factors beside each parameter that is steered.
    switches : frozenset of str
    """

    def __init__(self, model: Model, targets: Iterable[SteadyTarget]) -> None:
        different = list({(target.parameter, _steered(target)): target for target in targets}.values())
        self.factors: dict[str, list[str]] = {}
        for target in different:
            self.factors.setdefault(target.parameter, []).append(_factor(target))
        switches = {COUNTING: 1.0, **{_switch(target): 0.0 for target in different}}
        switches |= {_aim(target): 1.0 for target in different if target.of_level_before}
        anchored = {target.parameter for target in different if not target.of_level_before}
        self.switches = frozenset({COUNTING, *map(_switch, different), *anchored})
        with_factors = _with_factors(model, self.factors, switches)
        rules = {_factor(target): _steering(with_factors, target) for target in different}
        self.model = replace(with_factors, rate_rules={**with_factors.rate_rules, **rules})

    def rewritten(self, experiment: Experiment) -> Experiment:
        """The experiment without targets."""
        rests, treatment = experiment.preequilibration, experiment.treatment
        first = treatment[0].start if treatment else self.model.start_time
        periods, steering = [], dict[str, Expression]()
        for place, period in enumerate(rests):
            changes = self._beside_factors(period.changes) if place else {COUNTING: number(0.0), **period.changes}
            changes |= dict.fromkeys(steering, number(0.0))
            changes |= {_aim(target): self._aimed(target) for target in period.targets if target.of_level_before}
            steering = {_switch(target): number(1.0) for target in period.targets}
            start = first - REST * (len(rests) - place) if place else STEADY
            periods.append(Period(start, changes | steering))
        awake = {COUNTING: number(1.0), **dict.fromkeys(steering, number(0.0))} if rests else {}
        for period in treatment or (Period(first),):
            periods.append(Period(period.start, awake | self._beside_factors(period.changes)))
            awake = {}
        return Experiment(experiment.name, tuple(periods))

    def _aimed(self, target: SteadyTarget) -> Expression:
        return multiply(number(float(target.target)), find_formula(self.model, target.quantity))

    def _beside_factors(self, changes: Formulas) -> dict[str, Expression]:
        """Changes such that a parameter with its factors is what was asked for; a multiple of itself is one anyway."""
        formulas = dict(changes)
        for name, formula in changes.items():
            if name in self.factors and name not in symbols(formula):
                formulas[name] = divide(formula, multiply(*map(symbol, self.factors[name])))
        return formulas


def _steered(target: SteadyTarget) -> str:
    """What the names of a target's factor, switch and aim end in."""
    return target.quantity if target.of_level_before else target.parameter


def _factor(target: SteadyTarget) -> str:
    return f"{'lowered' if target.of_level_before else 'followed'}_{_steered(target)}"


def _switch(target: SteadyTarget) -> str:
    """1 while the factor finds its value."""
    return f"{'lowering' if target.of_level_before else 'anchoring'}_{_steered(target)}"


def _aim(target: SteadyTarget) -> str:
    return f"aim_{_steered(target)}"


def _steering(model: Model, target: SteadyTarget) -> Expression:
    """Rate of a factor: it rises while the quantity lies below its aim, in shares of both."""
    if target.of_level_before:
        aim = symbol(_aim(target))
    else:
        aim = find_formula(model, target.target) if isinstance(target.target, str) else number(float(target.target))
    miss = number(1.0) - divide(find_formula(model, target.quantity), aim)
    return multiply(number(GAIN), symbol(_switch(target)), symbol(_factor(target)), miss)


def _with_factors(model: Model, steered: Mapping[str, Sequence[str]], switches: Mapping[str, float]) -> Model:
    """The model with factors multiplied everywhere, and outputs that move only where COUNTING is 1."""
    put = {parameter: multiply(*map(symbol, (parameter, *factors))) for parameter, factors in steered.items()}

    def changed(formulas: Formulas) -> dict[str, Expression]:
        return dict(zip(formulas, substitute_all(list(formulas.values()), put), strict=True))

    moved = {r for species in model.outputs for r in model.stoichiometry.get(species, {})}
    rates = {n: multiply(symbol(COUNTING), r) if n in moved else r for n, r in changed(model.rates).items()}
    rules = {
        n: multiply(symbol(COUNTING), r) if n in model.outputs else r for n, r in changed(model.rate_rules).items()
    }
    factors = [factor for beside in steered.values() for factor in beside]
    return replace(
        model,
        species=(*model.species, *factors),
        parameters=(*model.parameters, *switches),
        parameter_values=np.append(model.parameter_values, list(switches.values())),
        initial={**changed(model.initial), **{name: number(1.0) for name in factors}},
        rates=rates,
        rate_rules=rules,
        assignments=changed(model.assignments),
        observables=changed(model.observables),
        units={**model.units, **dict.fromkeys([*factors, *switches], "1")},
    )
