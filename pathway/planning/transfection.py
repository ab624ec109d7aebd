"""Transfection as it is: only some cells take the oligo up, and a qPCR tells how far it lowers its target.

A dish is then a mixture of cells that were transfected and cells that were not, each growing in its own way. What is
taken up by the former follows from the knock-down that was measured over the whole dish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pathway.parameters import CellLine
from pathway.scenario.experiment import Arm, Dose, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import ParameterSets

from .assays import PlanError

INERT = ("scramble oligo", "non-targeting siRNA", "empty plasmid")
"""What is transfected as a control."""
TRANSFECTED = (
    "antimiR_lipoplex", "mimic_lipoplex", "miR221_lipoplex", "siRNA_PTEN", "siRNA_HER3", "siRNA_PDCD4", "PTEN_plasmid",
    "PTEN_plasmid_3UTR",
)  # fmt: skip
"""Species of agents that come into cells by a transfection."""


class KnockDown(NamedTuple):
    """How a qPCR sets what cells take up of an agent."""

    lowers: str
    """What it reads."""
    words: str
    parameter: str
    power: float
    """The parameter goes with this power of what is taken up."""


KNOCK_DOWNS = {
    "antimiR_lipoplex": KnockDown("miR21_free", "free miR-21", "k_antimiR_transfection", 1.0),
    "siRNA_PTEN": KnockDown("PTEN_transcript", "PTEN transcript", "EC50_siRNA", -1.0),
    "siRNA_HER3": KnockDown("HER3_mRNA", "ERBB3 transcript", "EC50_siRNA", -1.0),
}
"""By the species of transfected agents that lower something that a qPCR reads."""
MEASURED_AFTER = 24.0
"""Hours from transfection to the qPCR."""
DELIVERED, HALVINGS = (1e-3, 10.0), 14
"""Factors on the uptake between which that of each member is sought, and how often their span is halved."""


@dataclass(frozen=True)
class Transfection:
    """What a bench knows of its transfection.

    Attributes
    ----------
    uptake : float
        Share of the cells that took up the oligo, by flow cytometry of a labelled one.
    knock_down : float or None
        Share of what the agent lowers that is gone from the whole dish, against the control oligo, 24 h later.
    measured : bool
        Whether the uptake was measured, or all cells are taken to be transfected.
    """

    uptake: float = 1.0
    knock_down: float | None = None
    measured: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.uptake <= 1.0:
            raise PlanError(f"uptake: {self.uptake:g}, expected a share of the cells above 0 and up to 1")
        if self.knock_down is not None and not 0.0 < self.knock_down < self.uptake:
            raise PlanError(
                f"knock-down: {self.knock_down:g}, expected a share above 0 and below the {self.uptake:.0%} of cells "
                "that took up the oligo"
            )


def transfected_doses(scenario: Scenario, laboratory: Laboratory) -> tuple[str, ...]:
    """Names of the doses that a transfection brings into cells and that do something there."""
    species = {name: laboratory.agents[dose.agent].species for name, dose in scenario.doses.items()}
    return tuple(name for name in scenario.doses if species[name] in TRANSFECTED)


def knock_down_dose(scenario: Scenario, laboratory: Laboratory) -> tuple[str, KnockDown]:
    """The dose whose uptake a qPCR sets, and how.

    Raises
    ------
    PlanError
        If there is none, or more than one agent.
    """
    species = {name: laboratory.agents[dose.agent].species for name, dose in scenario.doses.items()}
    doses = [name for name in transfected_doses(scenario, laboratory) if species[name] in KNOCK_DOWNS]
    agents = list(dict.fromkeys(scenario.doses[name].agent for name in doses))
    if len(agents) == 1:
        return doses[0], KNOCK_DOWNS[species[doses[0]] or ""]
    what = f"{scenario.file}: a knock-down by qPCR is told, and"
    if agents:
        raise PlanError(f"{what} {', '.join(agents)} are transfected, each of which lowers something else")
    others = [scenario.doses[name].agent for name in transfected_doses(scenario, laboratory)]
    others += [f"the knock-down of '{arm.name}'" for arm in scenario.arms if arm.knock_downs or arm.timed_knock_downs]
    able = "transfected anti-miR-21, siRNA PTEN or siRNA HER3"
    if others:
        raise PlanError(f"{what} {others[0]} is not set by one: only {able} is")
    raise PlanError(f"{what} no dose is a {able}")


def lowered_by_transfection(scenario: Scenario, laboratory: Laboratory) -> str:
    """What the qPCR reads, in words; "" where no knock-down sets what is taken up."""
    try:
        return knock_down_dose(scenario, laboratory)[1].words
    except PlanError:
        return ""


def with_delivery(
    sets: ParameterSets, laboratory: Laboratory, knock_down: KnockDown, factors: np.ndarray | float
) -> ParameterSets:
    """The sets in which cells take up so many times as much of an agent in each, shape (n_members,)."""
    column = laboratory.model.parameter_index(knock_down.parameter)

    def values_of(line: CellLine) -> np.ndarray:
        values = sets.values_of(line).copy()
        values[:, column] *= factors**knock_down.power
        return values

    return replace(sets, values_of=values_of)


def sets_with_knock_down(
    sets: ParameterSets, scenario: Scenario, laboratory: Laboratory, of: Transfection
) -> tuple[ParameterSets, str]:
    """The sets, each with the uptake that gives the measured knock-down in its cells, and a remark on members that
    cannot have it.

    Raises
    ------
    PlanError
        If the scenario transfects nothing whose uptake a qPCR sets.
    """
    if of.knock_down is None:
        return sets, ""
    dose, way = knock_down_dose(scenario, laboratory)
    own = qpcr_scenario(scenario, scenario.doses[dose], way.lowers)
    low, high = (np.full(len(sets), np.log(end)) for end in DELIVERED)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        remaining = _remaining(with_delivery(sets, laboratory, way, np.exp(middle)), own, laboratory, of.uptake)
        too_much_left = remaining > 1.0 - of.knock_down
        low, high = np.where(too_much_left, middle, low), np.where(too_much_left, high, middle)
    beyond = int((high == np.log(DELIVERED[1])).sum())
    remark = f"{beyond} of {len(sets)} members lower {way.words} by less than was measured at any uptake"
    return with_delivery(sets, laboratory, way, np.exp(high)), remark if beyond else ""


def _remaining(sets: ParameterSets, scenario: Scenario, laboratory: Laboratory, uptake: float) -> np.ndarray:
    """What is left in the whole dish of what a qPCR reads, in each member; nan where it has none. Cells that took
    nothing up keep theirs, and may by then be more than they were."""
    (lowered,) = scenario.observables
    result = run_members(scenario, laboratory, sets)
    arms = [result.arms[name] for name in ("transfected", "bare")]
    cells = [share * arm.count[:, -1] for share, arm in zip((uptake, 1.0 - uptake), arms, strict=True)]
    levels = [arm.courses[lowered][:, -1] for arm in arms]
    dish = (cells[0] * levels[0] + cells[1] * levels[1]) / (cells[0] + cells[1])
    left = np.full(len(sets), np.nan)
    left[result.alive] = dish / levels[1]
    return left


def qpcr_scenario(scenario: Scenario, dose: Dose, lowers: str) -> Scenario:
    """The agent alone in the scenario's cells until the qPCR, beside untreated ones."""
    first = replace(dose, times=dose.times[:1])
    end = first.times[0] + MEASURED_AFTER
    return replace(
        scenario,
        arms=(Arm("transfected", scenario.cells, (dose.name,)), Arm("bare", scenario.cells)),
        doses={dose.name: first},
        start=first.times[0],
        end=end,
        record_every=MEASURED_AFTER,
        observables=(lowers,),
        growth_of=(),
        growth_at=None,
        overlays=(),
        expectations=(),
        fit=None,
    )
