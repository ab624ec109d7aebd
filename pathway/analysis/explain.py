"""Why does one culture differ from another? The difference divided among the links that carry it.

For every subset of links the one culture is run again with these links seeing what happens in the other. The shares of
the links are Shapley values: they add up to the effect of all links together and do not depend on any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate, simulate_ensemble
from pathway.simulation.steady import steady_states

from .attribution import Attribution, attribute, coalitions
from .dishes import Cells, cells_of, checked_readouts
from .draws import Draws, Interval, chosen, interval
from .mistakes import AnalysisError, unknown
from .twins import REFERENCE, Link, twin_model

_INTO_AKT = (
    Link("PTEN", ("PTEN_active",), ("PIP3_by_PTEN", "PI3K_beta"), "restoring PTEN"),
    Link("HER3 signal", ("HER3_signal",), ("PI3K_alpha",), "setting the HER3 signal"),
    Link("EGFR signal", ("EGFR_signal",), ("PI3K_alpha",), "setting the EGFR signal"),
    Link("adapters (S6K feedback)", ("IRS1",), ("PI3K_alpha", "PI3K_beta"), "setting the adapters that S6K wears down"),
    Link(
        "mTORC2 (S6K feedback)",
        ("mTORC2_activity",),
        ("AKT_S473_phosphorylation", "AKT_S473_phosphorylation_second"),
        "setting mTORC2",
    ),
)
_INTO_GROWTH = (
    *_INTO_AKT,
    Link("ERK", ("ERK_active",), ("S6K_activation", "cyclin_D_synthesis"), "setting ERK"),
)
_INTO_PTEN = (
    Link("miR-21", ("miR21_RISC",), ("PTEN_mRNA_binding",), "setting free miR-21"),
    Link("miR-221", ("miR221_occupancy",), ("PTEN_mRNA_turnover", "PTEN_translation"), "setting miR-221"),
    Link(
        "growth",
        ("division_rate",),
        ("PTEN_synthesis", "PTEN_loss", "PTEN_phosphorylated_loss", "miRNA_loss"),
        "setting the growth rate",
    ),
    Link("Src", ("SRC_active",), ("PTEN_phosphorylation",), "setting Src"),
)

LINKS: dict[str, tuple[Link, ...]] = {
    "pAKT": _INTO_AKT,
    "pAKT_T308": _INTO_AKT,
    "PIP3": _INTO_AKT[:4],
    "AKT_substrates": _INTO_AKT,
    "pS6K": (*_INTO_AKT, Link("ERK", ("ERK_active",), ("S6K_activation",), "setting ERK")),
    "growth": _INTO_GROWTH,
    "p27": _INTO_AKT,
    "log_cell_number": _INTO_GROWTH,
    "PTEN": _INTO_PTEN,
    "PTEN_active": _INTO_PTEN,
}
"""Links that together carry all influence on a reading, by reading."""


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
    links : tuple of Link
    attribution : Attribution
        From the arm towards the reference, shape (n_draws + 1,) per entry.
    shares : tuple of Interval
        Of each link, in units of the reading.
    levels : mapping of name to (value in the arm, value in the reference)
        Species and quantities at that time, for the figure.
    fluxes : mapping of reaction to (rate in the arm, rate in the reference)
        At that time.
    flux_units : mapping of reaction to unit text
    draws : Draws
    """

    scenario: Scenario
    arm: str
    reference: str
    reading: str
    unit: str
    time: float
    value: float
    other: float
    links: tuple[Link, ...]
    attribution: Attribution
    shares: tuple[Interval, ...]
    levels: dict[str, tuple[float, float]]
    fluxes: dict[str, tuple[float, float]]
    flux_units: dict[str, str]
    draws: Draws

    @property
    def unexplained(self) -> float:
        """What all links together leave of the difference (reached by none of them)."""
        return float(self.other - self.attribution.after[0])

    def ranked(self) -> list[int]:
        """Links by falling size of their share."""
        return sorted(range(len(self.links)), key=lambda k: -abs(self.shares[k].value))

    def text(self) -> str:
        """The explanation in sentences."""
        gap = self.other - self.value
        said = f"{self.reading} at {self.time:g} h is {_told(self.value)} in '{self.arm}' and {_told(self.other)} in "
        said += f"'{self.reference}'{_of(self.value, self.other)}."
        if abs(gap) < 1e-9 * max(abs(self.value), abs(self.other), 1e-12):
            return said + " There is no difference to explain."
        first, *rest = [k for k in self.ranked() if abs(self.shares[k].value) > 0.005 * abs(gap)] or self.ranked()[:1]
        said += f" Most of it is owed to {self.links[first].name}"
        said += f": {self.links[first].doing or 'setting it'} to the reference alone changes {self.reading} by "
        said += f"{self.relative(self.attribution.alone[first, 0])}; its share over all orders is "
        said += f"{self.relative(self.shares[first].value)}."
        for k in rest[:4]:
            word = "adds" if self.shares[k].value * gap > 0 else "takes back"
            said += f" {self.links[k].name} {word} {self.relative(self.shares[k].value)}."
        said += f" All links together: {self.relative(self.attribution.total[0])}"
        left = self.unexplained
        said += "." if abs(left) < 0.005 * abs(gap) else f"; {self.relative(left)} reaches the reading on other ways."
        return said

    def relative(self, change: float) -> str:
        """A change of the reading in per cent of its value in the arm."""
        if self.value == 0.0:
            return f"{change:+.3f}"
        return f"{100.0 * change / abs(self.value):+.0f} %"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        found = self.attribution
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
                    "name": link.name,
                    "sources": list(link.sources),
                    "share": self.shares[k].value,
                    **self.shares[k].ends(),
                    "alone": float(found.alone[k, 0]),
                    "last": float(found.last[k, 0]),
                }
                for k, link in enumerate(self.links)
            ],
            "levels": {name: {"arm": own, "reference": other} for name, (own, other) in self.levels.items()},
            "fluxes": {
                name: {"arm": own, "reference": other, "unit": self.flux_units[name]}
                for name, (own, other) in self.fluxes.items()
            },
            "total": float(found.total[0]),
            "remainder": float(found.remainder[0]),
            "unexplained": self.unexplained,
            "ensemble": self.draws.to_dict(),
            "text": self.text(),
        }

    def flux_rows(self) -> tuple[list[str], list[list[Any]]]:
        """One row for each reaction."""
        header = ["reaction", "unit", f"flux in {self.arm}", f"flux in {self.reference}"]
        return header, [[name, self.flux_units[name], *pair] for name, pair in self.fluxes.items()]

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The table: one row for each link."""
        header = [
            "link",
            f"share [{self.unit}]",
            "low",
            "high",
            "median",
            f"alone [{self.unit}]",
            f"last [{self.unit}]",
        ]
        found = self.attribution
        return header, [
            [
                self.links[k].name,
                self.shares[k].value,
                *self.shares[k].ends().values(),
                float(found.alone[k, 0]),
                float(found.last[k, 0]),
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
    links: Sequence[Link] | None = None,
    draws: Draws | None = None,
) -> Explanation:
    """Why a reading in one arm is not what it is in another.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arm, reference : str
        Arms of the scenario.
    reading : str
        Anything readable; for some, links that carry all influence are known (`LINKS`).
    at : float, optional
        Hours; the end unless given.
    links : sequence of Link, optional
    draws : Draws, optional

    Raises
    ------
    AnalysisError
        If an arm or reading does not exist, or no links are known for the reading.
    """
    _check_arms(scenario, arm, reference)
    if arm == reference:
        raise AnalysisError(f"'{arm}' is compared with itself; name another arm as reference")
    checked_readouts(laboratory, [reading])
    if links is None and reading not in LINKS:
        raise AnalysisError(f"no links are known that carry all influence on '{reading}'; try {', '.join(LINKS)}")
    chosen_links = tuple(links if links is not None else LINKS[reading])
    draws = draws or chosen(laboratory)
    time = scenario.end if at is None else at
    own, other = cells_of(scenario, [scenario.arm(arm), scenario.arm(reference)], laboratory, draws)
    plan = _both(own.dish.interventions, other.dish.interventions)
    begin = min([scenario.start, *(i.time for i in plan)])
    values, levels = _with_every_subset(laboratory, (own, other), plan, (begin, time), chosen_links, reading)
    found = attribute(tuple(link.name for link in chosen_links), values)
    return Explanation(
        scenario, arm, reference, reading, laboratory.units[reading], time, *levels[reading], chosen_links, found,
        tuple(interval(share) for share in found.shares), levels,
        _fluxes(laboratory, (own, other), begin, time), _flux_units(laboratory), draws,
    )  # fmt: skip


def _with_every_subset(
    laboratory: Laboratory, cultures: tuple[Cells, Cells], plan: Sequence[Intervention], window: tuple[float, float],
    links: Sequence[Link], reading: str,
) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:  # fmt: skip
    """The reading with every subset of links turned over, shape (2^n_links, 1 + n_draws), and levels with none."""
    own, other = cultures
    twin, subsets, rows = twin_model(laboratory.model, links), coalitions(len(links)), len(own.parameters)
    both = np.concatenate([own.parameters, other.parameters], axis=1)
    switches = np.repeat(subsets.astype(float), rows, axis=0)
    parameters = np.concatenate([np.tile(both, (len(subsets), 1)), switches], axis=1)
    starts = np.tile(np.concatenate([own.states, other.states], axis=1), (len(subsets), 1))
    states, _ = steady_states(twin, np.nan_to_num(starts), parameters)
    shown = tuple(dict.fromkeys([reading, *_SHOWN]))
    ensemble = simulate_ensemble(
        twin, [window[1]], parameters, start=np.nan_to_num(states), interventions=plan,
        observables=(*shown, *(REFERENCE + name for name in shown)), begin=window[0],
    )  # fmt: skip
    levels = {name: (float(ensemble[name][0, 0]), float(ensemble[REFERENCE + name][0, 0])) for name in shown}
    return ensemble[reading][:, 0].reshape(len(subsets), rows), levels


_SHOWN = (
    "HER2_signal", "HER3_signal", "EGFR_signal", "SRC_active", "IRS1", "PI3K_alpha", "PI3K_beta", "PIP3", "PTEN_active",
    "PTEN_transcript", "miR21_free", "NFIB", "PDCD4", "AP1", "inflammation", "RAS_GTP", "ERK_active", "pAKT",
    "FOXO_nuclear", "S6K_active", "mTORC2_activity", "p27", "cyclin_D", "division_rate",
)  # fmt: skip
"""What the network figure colours, in both cultures."""


def _fluxes(
    laboratory: Laboratory, cultures: tuple[Cells, Cells], begin: float, time: float
) -> dict[str, tuple[float, float]]:
    """The rate of every reaction in both cultures."""
    names = tuple(laboratory.model.rates)
    own, other = (
        simulate(
            laboratory.model, [time], parameters=cells.parameters[0], initial=cells.states[0],
            interventions=cells.dish.interventions, start=begin,
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
    """What is done to either culture, under the names of the twin model."""

    def renamed(changes: Any) -> dict[str, float]:
        return {REFERENCE + name: value for name, value in changes.items()}

    moved = [Intervention(i.time, renamed(i.set), renamed(i.scale), renamed(i.add)) for i in other]
    return sorted([*own, *moved], key=lambda intervention: intervention.time)


def _told(value: float) -> str:
    return f"{value:.3g}"


def _of(value: float, other: float) -> str:
    return f" ({100.0 * value / other:.0f} % of it)" if other > 0 and value >= 0 else ""


def _check_arms(scenario: Scenario, *names: str | None) -> None:
    known = [arm.name for arm in scenario.arms]
    for name in names:
        if name is not None and name not in known:
            raise unknown("arm", name, known)


def usual_arms(scenario: Scenario, arm: str | None, reference: str | None) -> tuple[str, str]:
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
