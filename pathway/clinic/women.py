"""Women from their numbers to what their treatment does to their tumors: the part of a cohort that costs time.

Women are worked out in pieces of fixed size, each by itself from the seed, so that a cohort is the same however many
workers there are, and goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.special import ndtri

from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import ParameterSets, systematic_resampling

from .pharmacokinetics import TUMOR, concentrations, pharmacokinetic_model
from .plan import CohortPlan
from .response import MARKERS, TumorCells, tumor_cells, tumor_responses
from .traits import TraitDraws, draw_traits, independent_part
from .tumor import TUMOR_PARAMETERS, Exposure

PIECE = 250
"""Women that are worked out together."""

EDGE, CUT = "edge", "cut"
"""The circuit as it is, and with the edge from miR-21 to PTEN cut: the negative control."""

WEEK = 7.0
DAY = 24.0


@dataclass(frozen=True, eq=False)
class Women:
    """Women of one variant of the circuit.

    Attributes
    ----------
    numbers : int array, shape (n_women,)
    members : int array, shape (n_women,)
        Of the ensemble.
    imposed : array, shape (n_women,)
        The part of miR-21 that nothing else in a woman tells, in standard deviations: what causes, and is not caused.
    markers : mapping of marker to array, shape (n_women,)
        In the tumor, relative to the same member's cells without traits.
    carriers : mapping of trait to bool array, shape (n_women,)
    others : array, shape (n_women, STREAMS)
    tumor : mapping of a name in TUMOR_PARAMETERS to array, shape (n_women,)
    times : array, shape (n_times,), days
    growth, occupancy : array, shape (n_arms, n_women, n_times), days
    refractory_growth : array, shape (n_arms, n_women)
    failed : bool array, shape (n_women,)
    """

    numbers: np.ndarray
    members: np.ndarray
    imposed: np.ndarray
    markers: Mapping[str, np.ndarray]
    carriers: Mapping[str, np.ndarray]
    others: np.ndarray
    tumor: Mapping[str, np.ndarray]
    times: np.ndarray
    growth: np.ndarray
    occupancy: np.ndarray
    refractory_growth: np.ndarray
    failed: np.ndarray

    def exposure(self, arm: int) -> Exposure:
        """What an arm does to the tumors."""
        return Exposure(self.times, self.growth[arm], self.occupancy[arm], self.refractory_growth[arm])

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, flat, to be written."""
        flat = {f"{kind}.{k}": v for kind in _MAPPINGS for k, v in getattr(self, kind).items()}
        return flat | {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Women:
        """From what `arrays` gave."""
        parts: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        for kind in _MAPPINGS:
            start = f"{kind}."
            parts[kind] = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        return cls(**parts)


_MAPPINGS = ("markers", "carriers", "tumor")
_ARRAYS = (
    "numbers", "members", "imposed", "others", "times", "growth", "occupancy", "refractory_growth", "failed",
)  # fmt: skip
_OF_ARMS = ("growth", "occupancy", "refractory_growth")


def joined_women(parts: Sequence[Women]) -> Women:
    """All of them, without those whose cells could not be worked out."""
    kept = [~part.failed for part in parts]

    def joined(arrays: Sequence[np.ndarray], axis: int) -> np.ndarray:
        return np.concatenate([np.compress(k, a, axis=axis) for k, a in zip(kept, arrays, strict=True)], axis=axis)

    stored = [part.arrays() for part in parts]
    return Women.of_arrays(
        {
            name: array if name == "times" else joined([s[name] for s in stored], 1 if name in _OF_ARMS else 0)
            for name, array in stored[0].items()
        }
    )


@dataclass(frozen=True, eq=False)
class Clinic:
    """What all pieces of a cohort need, made once in each process.

    Attributes
    ----------
    plan : CohortPlan
    cells : mapping of variant to TumorCells
    members : int array, shape (n_women,)
        Of each woman; neighbors share one, so that what is derived for a member is derived once.
    """

    plan: CohortPlan
    cells: Mapping[str, TumorCells]
    members: np.ndarray


def open_clinic(plan: CohortPlan, laboratory: Laboratory, sets: ParameterSets) -> Clinic:
    """The cells of all members, with the edge and without it; only members in which both live.

    Raises
    ------
    NumericalError
        If there are none.
    """
    variants = {name: tumor_cells(laboratory, sets, plan.cells, edge=name == EDGE) for name in (EDGE, CUT)}
    return Clinic(plan, variants, systematic_resampling(variants[EDGE].weights, plan.women))


def women_of_piece(clinic: Clinic, piece: int) -> dict[str, Women]:
    """The women of a piece, by variant; the same random numbers in both."""
    plan = clinic.plan
    numbers = np.arange(piece * PIECE, min((piece + 1) * PIECE, plan.women))
    draws = draw_traits(plan.traits, plan.correlations, plan.seed, numbers.tolist())
    times = np.arange(0.0, plan.end + 1e-9, 1.0)
    tumor_concentrations = _tumor_concentrations(plan, draws, times)
    return {
        variant: _women(plan, cells, draws, numbers, clinic.members[numbers], times, tumor_concentrations)
        for variant, cells in clinic.cells.items()
    }


def _tumor_concentrations(plan: CohortPlan, draws: TraitDraws, times: np.ndarray) -> dict[str, np.ndarray]:
    """Trastuzumab in each tumor under each schedule, nM, shape (n_women, n_times)."""
    rows = pharmacokinetic_values(plan, draws)
    schedules = {arm.schedule: arm.infusions for arm in plan.arms}
    return {
        text: concentrations(infusions, times * DAY, rows, (TUMOR,))[:, :, 0]
        if infusions
        else np.zeros((len(rows), len(times)))
        for text, infusions in schedules.items()
    }


def pharmacokinetic_values(plan: CohortPlan, draws: TraitDraws) -> np.ndarray:
    """Parameters of `pharmacokinetic_model` of each woman, shape (n_women, n_parameters)."""
    model = pharmacokinetic_model()
    typical = np.tile(model.parameter_values, (len(draws.normals), 1))
    return draws.apply_to_rows(model.parameters, typical, plan.covariates)


def _women(
    plan: CohortPlan,
    cells: TumorCells,
    draws: TraitDraws,
    numbers: np.ndarray,
    members: np.ndarray,
    times: np.ndarray,
    tumor_concentrations: Mapping[str, np.ndarray],
) -> Women:
    """One variant of them."""
    model, n = cells.model, len(numbers)
    rows = draws.apply_to_rows(model.parameters, cells.parameters[members], plan.covariates)
    responses = tumor_responses(cells, members, rows, [a.changes for a in plan.arms], [a.exposure for a in plan.arms])
    weekly = np.flatnonzero(np.isclose(times % WEEK, 0.0))
    growth, occupancy = np.empty((2, len(plan.arms), n, len(weekly)))
    for k, arm in enumerate(plan.arms):
        rates = responses.surfaces[k].at(tumor_concentrations[arm.schedule])
        growth[k], occupancy[k] = (cumulative_trapezoid(rate, times, initial=0.0)[:, weekly] for rate in rates)
    return Women(
        numbers=numbers,
        members=members,
        imposed=_imposed(plan, draws),
        markers=responses.markers,
        carriers={trait.name: draws.carriers(trait.name) for trait in plan.traits if trait.share is not None},
        others=draws.others,
        tumor=draws.apply({name: np.zeros(n) for name in TUMOR_PARAMETERS}, plan.covariates),
        times=times[weekly],
        growth=growth,
        occupancy=occupancy,
        refractory_growth=np.stack([surface.growth[:, 0] for surface in responses.surfaces]),
        failed=responses.failed,
    )


def _imposed(plan: CohortPlan, draws: TraitDraws) -> np.ndarray:
    """The part of the marker that a trait of the same name imposes; nothing where no trait has it."""
    marker = plan.high.marker
    if marker not in {trait.name for trait in plan.traits}:
        return np.zeros(len(draws.normals))
    return independent_part(draws, plan.correlations, marker)


def measured_markers(plan: CohortPlan, women: Women) -> dict[str, np.ndarray]:
    """What biopsies tell, shape (n_women,) each: the markers with their errors."""
    errors = {name: plan.marker_errors[name] * ndtri(women.others[:, k]) for k, name in enumerate(MARKERS)}
    return {name: women.markers[name] * np.exp(errors[name]) for name in MARKERS}
