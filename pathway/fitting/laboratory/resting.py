"""A scenario's model made ready to rest and to be treated, whatever its parameters are.

A scenario's cells come to rest before anything is done to them; pure outputs stand still meanwhile, anchored parameters
find the value that the line's own facts ask for, and a knock-down lowers a synthesis until the level has fallen as the
bench measured it. In a fit all of this has to hold at every parameter vector, with slopes. So a factor stands beside
each such parameter, and moves until the level is right while the cells rest (integral feedback); afterwards it stays.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.equations import Model
from pathway.expressions import Expression, divide, multiply, number, symbol
from pathway.expressions.calculus import substitute_all
from pathway.parameters import Anchor
from pathway.scenario.laboratory import KnockDown
from pathway.simulation.formulas import find_formula

from ..problem import Period

COUNTING = "counting"
"""1 while pure outputs (the number of cells) move, 0 while the cells rest."""
GAIN = 0.01
"""1/h: how fast a factor follows. Slower than what it steers, so that it does not overshoot."""
REST = 2e4
"""Hours that cells are given to rest after something was changed in them for good."""

Settings = Mapping[str, Expression]
"""What a period sets: parameter to formula."""


@dataclass(frozen=True, eq=False)
class Resting:
    """The model with its factors.

    Attributes
    ----------
    model : Model
    anchors : tuple of Anchor
        Those that follow.
    knock_downs : mapping of protein to KnockDown
    """

    model: Model
    anchors: tuple[Anchor, ...]
    knock_downs: Mapping[str, KnockDown]

    def periods(
        self, start: float, line: Settings, own: Settings, lowered: Mapping[str, float], lost: Collection[str] = ()
    ) -> list[Period]:
        """The rest of one arm's cells, and the scenario's first moment, at which the rest ends.

        Parameters
        ----------
        start : float
            That moment.
        line, own : mapping of parameter to Expression
            What the line sets in which anchored parameters are found, and what the arm's cells set; the same names.
        lowered : mapping of protein to float
            Share of its level that a knock-down takes away.
        lost : collection of str
            Anchored parameters that are 0 in the line and stay so.
        """
        following = [_anchoring(a.parameter) for a in self.anchors if a.parameter not in lost]
        anchored = dict.fromkeys(following, number(0.0))
        resting: list[dict[str, Expression]] = [{COUNTING: number(0.0), **(line if self.anchors else own)}]
        awake = {COUNTING: number(1.0)}
        if self.anchors:
            resting[0] |= dict.fromkeys(following, number(1.0))
            awake |= anchored
            different = {name: formula for name, formula in own.items() if formula is not line[name]}
            if different:
                resting.append({**anchored, **different})
        if lowered:
            resting.append(dict(anchored))
            for protein, share in lowered.items():
                level = find_formula(self.model, self.knock_downs[protein].observable)
                resting[-1] |= {_aim(protein): multiply(number(1.0 - share), level), _switch(protein): number(1.0)}
                awake[_switch(protein)] = number(0.0)
        times = [start - REST * (len(resting) - k) for k in range(len(resting))]
        periods = [Period(time, settings) for time, settings in zip([-math.inf, *times[1:]], resting, strict=True)]
        return [*periods, Period(start, awake)]


def made_to_rest(
    model: Model, values: np.ndarray, anchors: Sequence[Anchor] = (), knock_downs: Mapping[str, KnockDown] | None = None
) -> Resting:
    """A model with a factor beside every parameter that has to follow or be lowered while cells rest.

    Parameters
    ----------
    model : Model
    values : array, shape (n_parameters,)
        Its parameter values from now on.
    anchors : sequence of Anchor
        Parameters that follow while others are estimated.
    knock_downs : mapping of protein to KnockDown, optional
        Those that arms use.
    """
    knock_downs = knock_downs or {}
    steered = [(a.parameter, _followed(a.parameter)) for a in anchors]
    steered += [(goal.parameter, _lowered(protein)) for protein, goal in knock_downs.items()]
    switches = {COUNTING: 1.0, **{_anchoring(a.parameter): 0.0 for a in anchors}}
    for protein in knock_downs:
        switches |= {_switch(protein): 0.0, _aim(protein): 1.0}
    made = _with_factors(model, values, steered, switches)
    rules = {}
    for anchor in anchors:
        aim = find_formula(made, anchor.target) if isinstance(anchor.target, str) else number(float(anchor.target))
        factor = _followed(anchor.parameter)
        rules[factor] = _steering(find_formula(made, anchor.quantity), aim, factor, _anchoring(anchor.parameter))
    for protein, goal in knock_downs.items():
        factor = _lowered(protein)
        rules[factor] = _steering(find_formula(made, goal.observable), symbol(_aim(protein)), factor, _switch(protein))
    return Resting(replace(made, rate_rules={**made.rate_rules, **rules}), tuple(anchors), knock_downs)


def _followed(parameter: str) -> str:
    return f"followed_{parameter}"


def _anchoring(parameter: str) -> str:
    """1 while an anchored parameter finds its value."""
    return f"anchoring_{parameter}"


def _lowered(protein: str) -> str:
    return f"lowered_{protein}"


def _switch(protein: str) -> str:
    return f"lowering_{protein}"


def _aim(protein: str) -> str:
    return f"aim_{protein}"


def _steering(quantity: Expression, aim: Expression, factor: str, switch: str) -> Expression:
    """Rate of a factor: it rises while the quantity lies below its aim, in shares of both."""
    miss = number(1.0) - divide(quantity, aim)
    return multiply(number(GAIN), symbol(switch), symbol(factor), miss)


def _with_factors(
    model: Model, values: np.ndarray, steered: Sequence[tuple[str, str]], switches: Mapping[str, float]
) -> Model:
    """The model with (parameter, factor) multiplied everywhere, and outputs that move only where COUNTING is 1."""
    put: dict[str, Expression] = {}
    for parameter, factor in steered:
        put[parameter] = multiply(put.get(parameter, symbol(parameter)), symbol(factor))

    def changed(formulas: Settings) -> dict[str, Expression]:
        return dict(zip(formulas, substitute_all(list(formulas.values()), put), strict=True))

    moved = {r for species in model.outputs for r in model.stoichiometry.get(species, {})}
    rates = {n: multiply(symbol(COUNTING), r) if n in moved else r for n, r in changed(model.rates).items()}
    rules = {
        n: multiply(symbol(COUNTING), r) if n in model.outputs else r for n, r in changed(model.rate_rules).items()
    }
    factors = [factor for _, factor in steered]
    return replace(
        model,
        species=(*model.species, *factors),
        parameters=(*model.parameters, *switches),
        parameter_values=np.append(values, list(switches.values())),
        initial={**changed(model.initial), **{name: number(1.0) for name in factors}},
        rates=rates,
        rate_rules=rules,
        assignments=changed(model.assignments),
        observables=changed(model.observables),
        units={**model.units, **dict.fromkeys([*factors, *switches], "1")},
    )
