"""Transfection as it is: only some cells take the oligo up, and a qPCR tells how far it lowers its target.

A dish is then a mixture of cells that were transfected and cells that were not, each growing in its own way. What is
taken up by the former follows from the knock-down that was measured over the whole dish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
ANTIMIR, DELIVERY, LOWERED = "antimiR_lipoplex", "k_antimiR_transfection", "miR21_free"
"""The oligo whose uptake a qPCR can set: its species, the rate of its delivery, and what it lowers."""
MEASURED_AFTER = 24.0
"""Hours from transfection to the qPCR."""
DELIVERED, HALVINGS = (1e-3, 10.0), 14
"""Factors on the delivery between which that of each member is sought, and how often their span is halved."""


@dataclass(frozen=True)
class Transfection:
    """What a bench knows of its transfection.

    Attributes
    ----------
    uptake : float
        Share of the cells that took up the oligo, by flow cytometry of a labelled one.
    knock_down : float or None
        Share of free miR-21 that is gone from the whole dish, against the control oligo, 24 h later.
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


def antimir_doses(scenario: Scenario, laboratory: Laboratory) -> tuple[str, ...]:
    """Names of the doses of a transfected anti-miR-21."""
    return tuple(n for n, dose in scenario.doses.items() if laboratory.agents[dose.agent].species == ANTIMIR)


def with_delivery(sets: ParameterSets, laboratory: Laboratory, factors: np.ndarray | float) -> ParameterSets:
    """The sets with the delivery of a transfected anti-miR-21 times a factor in each, shape (n_members,)."""
    column = laboratory.model.parameter_index(DELIVERY)

    def values_of(line: CellLine) -> np.ndarray:
        values = sets.values_of(line).copy()
        values[:, column] *= factors
        return values

    return replace(sets, values_of=values_of)


def sets_with_knock_down(
    sets: ParameterSets, scenario: Scenario, laboratory: Laboratory, of: Transfection
) -> tuple[ParameterSets, str]:
    """The sets, each with the delivery that gives the measured knock-down in its cells, and a remark on members that
    cannot have it.

    Raises
    ------
    PlanError
        If the scenario transfects no anti-miR-21.
    """
    if of.knock_down is None:
        return sets, ""
    doses = antimir_doses(scenario, laboratory)
    if not doses:
        raise PlanError(f"{scenario.file}: a knock-down by qPCR is told, and no dose transfects an anti-miR-21")
    # Cells that took nothing up keep their miR-21: the others have lost the more.
    left = 1.0 - of.knock_down / of.uptake
    own = qpcr_scenario(scenario, scenario.doses[doses[0]])
    low, high = (np.full(len(sets), np.log(end)) for end in DELIVERED)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        too_much_left = _remaining(with_delivery(sets, laboratory, np.exp(middle)), own, laboratory) > left
        low, high = np.where(too_much_left, middle, low), np.where(too_much_left, high, middle)
    beyond = int((high == np.log(DELIVERED[1])).sum())
    remark = f"{beyond} of {len(sets)} members lower miR-21 by less than was measured at any uptake" if beyond else ""
    return with_delivery(sets, laboratory, np.exp(high)), remark


def _remaining(sets: ParameterSets, scenario: Scenario, laboratory: Laboratory) -> np.ndarray:
    """What is left of free miR-21 in transfected cells, in each member; nan where it has none."""
    result = run_members(scenario, laboratory, sets)
    left = np.full(len(sets), np.nan)
    with_oligo, without = (result.arms[name].courses[LOWERED][:, -1] for name in ("transfected", "bare"))
    left[result.alive] = with_oligo / without
    return left


def qpcr_scenario(scenario: Scenario, dose: Dose) -> Scenario:
    """The anti-miR alone in the scenario's cells until the qPCR, beside untreated ones."""
    first = replace(dose, times=dose.times[:1])
    end = first.times[0] + MEASURED_AFTER
    return replace(
        scenario,
        arms=(Arm("transfected", scenario.cells, (dose.name,)), Arm("bare", scenario.cells)),
        doses={dose.name: first},
        start=first.times[0],
        end=end,
        record_every=MEASURED_AFTER,
        observables=(LOWERED,),
        growth_of=(),
        growth_at=None,
        overlays=(),
        expectations=(),
        fit=None,
    )
