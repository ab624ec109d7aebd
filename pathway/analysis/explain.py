"""Why does one culture differ from another? The difference divided among the influences that carry it.

For every subset of influences the one culture is run again with these influences seeing what happens in the other. The
shares of the influences are Shapley values: they add up to the effect of all of them together, whatever the order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.network import Influence, circuit
from pathway.numerals import plain_number
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate, simulate_ensemble
from pathway.simulation.steady import steady_states

from .arms_under_draws import ArmUnderDraws, arms_under_draws, checked_readouts
from .attribution import Attribution, coalitions, shapley_attribution
from .draws import DrawInterval, ParameterDraws, draw_interval, draws_of_chosen_values
from .mistakes import AnalysisError, unknown_name_error
from .paired_model import REFERENCE, paired_model


@dataclass(frozen=True, eq=False)
class Explanation:
    """A difference between two arms, explained.

    Attributes
    ----------
    scenario : Scenario
    arm, reference : str
    reading, unit : str
    time : float, hours
    value, other : float
        The reading in the arm and in the reference.
    influences : tuple of Influence
    attribution : Attribution
        From the arm towards the reference, shape (n_draws + 1,) per entry.
    shares : tuple of DrawInterval
        Of each influence, in units of the reading.
    levels : mapping of name to (value in the arm, value in the reference)
        Species and quantities at that time, for the figure.
    fluxes : mapping of reaction to (rate in the arm, rate in the reference)
        At that time.
    flux_units : mapping of reaction to unit text
    draws : ParameterDraws
    """

    scenario: Scenario
    arm: str
    reference: str
    reading: str
    unit: str
    time: float
    value: float
    other: float
    influences: tuple[Influence, ...]
    attribution: Attribution
    shares: tuple[DrawInterval, ...]
    levels: dict[str, tuple[float, float]]
    fluxes: dict[str, tuple[float, float]]
    flux_units: dict[str, str]
    draws: ParameterDraws

    @property
    def unexplained(self) -> float:
        """What all influences together leave of the difference (reached by none of them)."""
        return float(self.other - self.attribution.after[0])

    def ranked(self) -> list[int]:
        """Influences by falling size of their share."""
        return sorted(range(len(self.influences)), key=lambda k: -abs(self.shares[k].value))

    def text(self) -> str:
        """The explanation in sentences."""
        gap = self.other - self.value
        text = f"{self.reading} at {self.time:g} h is {self.value:.3g} in '{self.arm}' and {self.other:.3g} in "
        text += f"'{self.reference}'{_times(self.value, self.other)}."
        if abs(gap) < 1e-9 * max(abs(self.value), abs(self.other), 1e-12):
            return text + " There is no difference to explain."
        first, *rest = [k for k in self.ranked() if abs(self.shares[k].value) > 0.005 * abs(gap)] or self.ranked()[:1]
        text += f" Most of it is owed to {self.influences[first].name}"
        text += f": {self.influences[first].verb or 'setting it'} to the reference alone changes {self.reading} by "
        text += f"{self.relative(self.attribution.alone[first, 0])}; its share over all orders is "
        text += f"{self.relative(self.shares[first].value)}."
        for k in rest[:4]:
            word = "adds" if self.shares[k].value * gap > 0 else "takes back"
            text += f" {self.influences[k].name} {word} {self.relative(self.shares[k].value)}."
        text += f" All influences together: {self.relative(self.attribution.total[0])}"
        left = self.unexplained
        text += "." if abs(left) < 0.005 * abs(gap) else f"; {self.relative(left)} reaches the reading on other ways."
        return text

    def relative(self, change: float) -> str:
        """A change of the reading in per cent of its value in the arm."""
        if self.value == 0.0:
            return f"{change:+.3f}"
        share = 100.0 * change / abs(self.value)
        # Neither "-0 %" nor more digits than the model is worth.
        return f"{share:+.0f} %" if abs(share) >= 0.95 else f"{share:+.1g} %" if abs(share) >= 0.05 else "0 %"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        attribution = self.attribution
        return {
            "scenario": self.scenario.name,
            "arm": self.arm,
            "reference": self.reference,
            "reading": self.reading,
            "unit": self.unit,
            "time": self.time,
            "value": self.value,
            "reference_value": self.other,
            "links": [
                {
                    "name": influence.name,
                    "sources": list(influence.sources),
                    "share": self.shares[k].value,
                    **self.shares[k].ends(),
                    "alone": float(attribution.alone[k, 0]),
                    "last": float(attribution.last[k, 0]),
                }
                for k, influence in enumerate(self.influences)
            ],
            "levels": {name: {"arm": own, "reference": other} for name, (own, other) in self.levels.items()},
            "fluxes": {
                name: {"arm": own, "reference": other, "unit": self.flux_units[name]}
                for name, (own, other) in self.fluxes.items()
            },
            "total": float(attribution.total[0]),
            "remainder": float(attribution.remainder[0]),
            "unexplained": self.unexplained,
            "ensemble": self.draws.to_dict(),
            "text": self.text(),
        }

    def flux_rows(self) -> tuple[list[str], list[list[Any]]]:
        """One row for each reaction."""
        header = ["reaction", "unit", f"flux in {self.arm}", f"flux in {self.reference}"]
        return header, [[name, self.flux_units[name], *pair] for name, pair in self.fluxes.items()]

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The table: one row for each influence."""
        header = [
            "influence",
            f"share [{self.unit}]",
            "low",
            "high",
            "median",
            f"alone [{self.unit}]",
            f"last [{self.unit}]",
        ]
        attribution = self.attribution
        return header, [
            [
                self.influences[k].name,
                self.shares[k].value,
                *self.shares[k].ends().values(),
                float(attribution.alone[k, 0]),
                float(attribution.last[k, 0]),
            ]
            for k in self.ranked()
        ]


def explain(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    arm: str,
    reference: str,
    reading: str = "pAKT",
    at: float | None = None,
    influences: Sequence[Influence] | None = None,
    draws: ParameterDraws | None = None,
) -> Explanation:
    """Why a reading in one arm is not what it is in another.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arm, reference : str
        Arms of the scenario.
    reading : str
        Anything readable; for some, the influences that carry it all are known (`Network.explained`).
    at : float, optional
        Hours; the end unless given.
    influences : sequence of Link, optional
    draws : ParameterDraws, optional

    Raises
    ------
    AnalysisError
        If an arm or reading does not exist, or no influences are known for the reading.
    """
    _check_arms(scenario, arm, reference)
    if arm == reference:
        raise AnalysisError(f"'{arm}' is compared with itself; name another arm as reference")
    checked_readouts(laboratory, [reading])
    known = circuit().explained
    if influences is None and reading not in known:
        raise AnalysisError(f"what carries all influence on '{reading}' is not known; try {', '.join(known)}")
    carriers = tuple(influences if influences is not None else circuit().influences_on(reading))
    draws = draws or draws_of_chosen_values(laboratory)
    time = scenario.end if at is None else at
    own, other = arms_under_draws(scenario, [scenario.arm(arm), scenario.arm(reference)], laboratory, draws)
    different = max(len(own.plans), len(other.plans))
    plans = [_both(own.interventions(k), other.interventions(k)) for k in range(different)]
    begin = min([scenario.start, *(i.time for i in plans[0])])
    values, levels = _with_every_subset(laboratory, (own, other), plans, (begin, time), carriers, reading)
    attribution = shapley_attribution(tuple(influence.name for influence in carriers), values)
    return Explanation(
        scenario, arm, reference, reading, laboratory.units[reading], time, *levels[reading], carriers, attribution,
        tuple(draw_interval(share) for share in attribution.shares), levels,
        _fluxes(laboratory, (own, other), begin, time), _flux_units(laboratory), draws,
    )  # fmt: skip


def _with_every_subset(
    laboratory: Laboratory, cultures: tuple[ArmUnderDraws, ArmUnderDraws], plans: list[list[Intervention]],
    window: tuple[float, float], influences: Sequence[Influence], reading: str,
) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:  # fmt: skip
    """The reading with every subset of influences turned over, shape (2^n_influences, 1 + n_draws), and levels."""
    own, other = cultures
    pair, subsets, rows = paired_model(laboratory.model, influences), coalitions(len(influences)), len(own.parameters)
    both = np.concatenate([own.parameters, other.parameters], axis=1)
    switches = np.repeat(subsets.astype(float), rows, axis=0)
    parameters = np.concatenate([np.tile(both, (len(subsets), 1)), switches], axis=1)
    starts = np.tile(np.concatenate([own.states, other.states], axis=1), (len(subsets), 1))
    states, _ = steady_states(pair, np.nan_to_num(starts), parameters)
    shown = tuple(dict.fromkeys([reading, *(node.quantity for node in circuit().map_nodes)]))
    ensemble = simulate_ensemble(
        pair, [window[1]], parameters, initial=np.nan_to_num(states),
        interventions=plans[0] if len(plans) == 1 else plans * len(subsets),
        observables=(*shown, *(REFERENCE + name for name in shown)), start=window[0],
    )  # fmt: skip
    levels = {name: (float(ensemble[name][0, 0]), float(ensemble[REFERENCE + name][0, 0])) for name in shown}
    return ensemble[reading][:, 0].reshape(len(subsets), rows), levels


def _fluxes(
    laboratory: Laboratory, cultures: tuple[ArmUnderDraws, ArmUnderDraws], begin: float, time: float
) -> dict[str, tuple[float, float]]:
    """The rate of every reaction in both cultures."""
    names = tuple(laboratory.model.rates)
    own, other = (
        simulate(
            laboratory.model, [time], parameters=cells.parameters[0], initial=cells.states[0],
            interventions=cells.interventions(0), start=begin,
        ).observables(names)[0]
        for cells in cultures
    )  # fmt: skip
    return {name: (float(a), float(b)) for name, a, b in zip(names, own, other, strict=True)}


def _flux_units(laboratory: Laboratory) -> dict[str, str]:
    """Units of the species that a reaction changes, per hour."""
    units: dict[str, str] = {}
    for species, changes in laboratory.model.stoichiometry.items():
        for reaction in changes:
            units.setdefault(reaction, f"{laboratory.units[species]}/h" if laboratory.units[species] != "1" else "1/h")
    return units


def _both(own: Sequence[Intervention], other: Sequence[Intervention]) -> list[Intervention]:
    """What is done to either culture, under the names of the paired model."""

    def renamed(changes: Any) -> dict[str, float]:
        return {REFERENCE + name: value for name, value in changes.items()}

    others = [Intervention(i.time, renamed(i.set), renamed(i.scale), renamed(i.add)) for i in other]
    return sorted([*own, *others], key=lambda intervention: intervention.time)


def _times(value: float, other: float) -> str:
    """How the other compares, where both are sizes: ", 2.2 times as much"; ", 35 % of that"."""
    if value <= 0 or other < 0 or math.isclose(value, other, rel_tol=0.005):
        return ""
    share = other / value
    return f", {share:.3g} times as much" if share > 1.0 else f", {plain_number(100.0 * share, 2)} % of that"


def _check_arms(scenario: Scenario, *names: str | None) -> None:
    known = [arm.name for arm in scenario.arms]
    for name in names:
        if name is not None and name not in known:
            raise unknown_name_error("arm", name, known)


def default_arms(scenario: Scenario, arm: str | None, reference: str | None) -> tuple[str, str]:
    """The arms of the usual question: the drug alone, and the drug with something that changes its effect."""
    _check_arms(scenario, arm, reference)
    if arm and reference:
        return arm, reference
    treated = [a for a in scenario.arms if set(a.doses) & set(scenario.growth_doses)]
    if not treated:
        raise AnalysisError(f"{scenario.name}: no arm gets a drug; say which arms differ with --arm and --reference")
    alone = arm or min(treated, key=lambda a: len(a.doses)).name
    others = [a.name for a in treated if a.name != alone]
    if not (reference or others):
        raise AnalysisError(f"{scenario.name}: only one arm gets the drug; name the other with --reference")
    return alone, reference or others[0]
