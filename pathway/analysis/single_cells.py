"""PTEN under miR-21 in single cells: transcripts number tens, so chance decides how much protein a cell has.

The chosen species are counted molecule by molecule; the rest of the circuit drives them as it runs without chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.numerals import plain_number
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate
from pathway.simulation.steady import steady_states
from pathway.simulation.stochastic import SimulatedCells, simulate_cells, stochastic_model
from pathway.simulation.trajectory import Trajectory

from .draws import Progress

TARGET = ("PTEN_mRNA", "PTEN_mRNA_RISC")
"""The transcript alone: miR-21, of which there are thousands, is an input."""

WITH_MIRNA = ("miR21_primary", "miR21_duplex", "miR21_RISC", *TARGET)
"""The miRNA counted as well; its quick binding and release call for tau-leaping."""


@dataclass(frozen=True, eq=False)
class CellPopulation:
    """Cells of one dish.

    Attributes
    ----------
    cells : SimulatedCells
    course : Trajectory
        The same without chance.
    """

    cells: SimulatedCells
    course: Trajectory

    def transcripts(self) -> np.ndarray:
        """Target transcripts of every cell, free and bound, shape (n_cells, n_times)."""
        return self.cells["PTEN_mRNA"] + self.cells["PTEN_mRNA_RISC"]

    def usual_transcripts(self) -> np.ndarray:
        """The same without chance, shape (n_times,)."""
        return np.asarray(self.course["PTEN_mRNA"] + self.course["PTEN_mRNA_RISC"])

    def protein(self) -> np.ndarray:
        """Total PTEN of every cell in units of the model, shape (n_cells, n_times).

        Tens of thousands of protein molecules add no noise of their own; each cell's protein follows its transcript.
        """
        course, times = self.course, self.cells.times
        per_free = 1.0 - course.parameters[:, course.model.parameter_index("lost_translation_PTEN")]
        transcript = self.cells["PTEN_mRNA"] + per_free * self.cells["PTEN_mRNA_RISC"]
        usual = course["PTEN_mRNA"] + per_free * course["PTEN_mRNA_RISC"]
        synthesis = course["PTEN_synthesis"] * transcript / usual
        loss = course.parameters[:, course.model.parameter_index("k_PTEN_degradation")] + course["division_rate"]
        level = np.full((len(synthesis), len(times)), float(course["PTEN"][0]))
        for k, step in enumerate(np.diff(times)):
            rate, source = (loss[k] + loss[k + 1]) / 2, (synthesis[:, k] + synthesis[:, k + 1]) / 2
            level[:, k + 1] = source / rate + (level[:, k] - source / rate) * np.exp(-rate * step)
        return level


def simulate_population(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    times: Sequence[float] | np.ndarray,
    *,
    interventions: Sequence[Intervention] = (),
    species: Sequence[str] = TARGET,
    copies: Mapping[str, float] | None = None,
    n_cells: int = 500,
    seed: int = 0,
    method: str = "exact",
) -> CellPopulation:
    """Many cells of one dish.

    Parameters
    ----------
    laboratory : Laboratory
    parameters, state : array
        Of the dish, and its state at the first time.
    times : array, shape (n_times,), hours
        Counts are recorded there, and the deterministic rest is handed over there: choose them close together where it
        changes quickly.
    interventions : sequence of Intervention
    species : sequence of str
    copies : mapping of species to float, optional
        Molecules per unit, for species whose unit is not molecules.
    n_cells, seed : int
    method : "exact" or "leap"

    Notes
    -----
    Mukherji et al. 2011, doi 10.1038/ng.905, saw the threshold and the spread this shows.
    """
    model = laboratory.model
    parts = stochastic_model(model, species, copies)
    course = simulate(
        model, times, parameters=parameters, initial=state, interventions=interventions, start=float(times[0])
    )
    first = np.array([state[model.species_index(name)] for name in parts.species]) * parts.copies
    rng = np.random.default_rng([seed, 1])
    # Whole numbers whose mean is right: a cell has 3 or 4 of something whose mean is 3.4.
    start = np.floor(first + rng.random((n_cells, len(first)))).astype(np.int64)
    return CellPopulation(simulate_cells(parts, times, start, course, n_cells, seed=seed, method=method), course)


@dataclass(frozen=True, eq=False)
class TitrationCurve:
    """Target protein over target transcription, with and without the miRNA.

    Attributes
    ----------
    transcription : array, shape (k,)
        Fold of the usual.
    mean, spread : array, shape (2, k)
        Mean and standard deviation of the transcript count, free and bound, over cells: first with, then without the
        miRNA.
    free : array, shape (2, k)
        Mean count of free transcript.
    """

    transcription: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    free: np.ndarray

    @property
    def repression(self) -> np.ndarray:
        """Fold by which the miRNA lowers free transcript, shape (k,): it fades as the miRNA is used up."""
        return self.free[1] / np.maximum(self.free[0], 1e-300)

    def threshold(self) -> float | None:
        """Fold of transcription at which repression has lost half of what it has at the lowest; None if it has not."""
        return _half_lost(self.transcription, self.repression)

    def text(self, complexes: float) -> str:
        """The finding in sentences, beside the number of loaded miRNA complexes."""
        text = f"miR-21 lowers free transcript {self.repression[0]:.1f}-fold"
        threshold = self.threshold()
        if threshold is None:
            return f"{text} and is nowhere used up, up to {self.transcription[-1]:g} times the transcription."
        share = float(np.interp(np.log(threshold), np.log(self.transcription), self.mean[1])) / complexes
        fold = plain_number(float(f"{threshold:.3g}"), 3)
        text += f"; half of that is lost at {fold} times the transcription, with {share:.2g} transcripts for "
        text += f"each of {complexes:.0f} complexes."
        return text + (" At their own transcription the cells are far from that threshold." if threshold > 10 else "")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "transcription": self.transcription.tolist(),
            **{
                name: {"mean": self.mean[k].tolist(), "spread": self.spread[k].tolist(), "free": self.free[k].tolist()}
                for k, name in enumerate(("with_miR21", "without"))
            },
            "repression": self.repression.tolist(),
            "threshold": self.threshold(),
        }


def _half_lost(transcription: np.ndarray, repression: np.ndarray) -> float | None:
    share_lost = (repression - 1.0) / (repression[0] - 1.0)
    below = np.flatnonzero(share_lost < 0.5)
    if not len(below) or below[0] == 0:
        return None
    k = int(below[0])
    places = np.log(transcription[[k, k - 1]])
    return float(np.exp(np.interp(0.5, share_lost[[k, k - 1]], places)))


def titration_curve(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    transcription: Sequence[float],
    *,
    n_cells: int = 300,
    hours: float = 200.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> TitrationCurve:
    """The target's transcript over its transcription, in cells with miR-21 as it is and with hardly any.

    Parameters
    ----------
    laboratory : Laboratory
    parameters, state : array
        Of the cells, at rest.
    transcription : sequence of float
        Folds of the usual, ascending.
    n_cells : int
    hours : float
        How long each is followed from rest before it is counted.
    seed : int
    progress : callable, optional
    """
    rows, counts = _titrated(laboratory, parameters, transcription), []
    states, problems = steady_states(laboratory.model, np.tile(state, (len(rows), 1)), rows)
    if problems:
        raise next(iter(problems.values()))
    for number, (values, rest) in enumerate(zip(rows, states, strict=True)):
        cells = simulate_population(
            laboratory, values, rest, [0.0, hours / 2, hours], n_cells=n_cells, seed=seed + number, method="leap"
        ).cells
        if progress:
            progress("titration", number + 1, len(rows))
        free, bound = cells["PTEN_mRNA"][:, -1], cells["PTEN_mRNA_RISC"][:, -1]
        counts.append((float((free + bound).mean()), float((free + bound).std()), float(free.mean())))
    shaped = np.array(counts).reshape(2, len(transcription), 3)
    return TitrationCurve(np.asarray(transcription, dtype=float), shaped[:, :, 0], shaped[:, :, 1], shaped[:, :, 2])


def _titrated(laboratory: Laboratory, parameters: np.ndarray, transcription: Sequence[float]) -> np.ndarray:
    """Parameters at each fold of transcription, first with the miRNA, then with a thousandth of it, shape (2 k, n)."""
    model, folds = laboratory.model, np.asarray(transcription, dtype=float)
    rows = np.tile(parameters, (2 * len(folds), 1))
    rows[:, model.parameter_index("PTEN_mRNA_copies")] *= np.tile(folds, 2)
    rows[len(folds) :, model.parameter_index("miR21_scale")] *= 1e-3
    return rows


def titration_thresholds(
    laboratory: Laboratory, parameters: np.ndarray, states: np.ndarray, transcription: Sequence[float]
) -> np.ndarray:
    """The threshold of every parameter set without chance, from resting states; inf where it is not reached.

    Parameters
    ----------
    laboratory : Laboratory
    parameters : array, shape (n_sets, n_parameters)
    states : array, shape (n_sets, n_species)
        At rest.
    transcription : sequence of float
        Folds of the usual, ascending.

    Returns
    -------
    array, shape (n_sets,)
        Nan where a set has no resting state somewhere on the way.
    """
    thresholds, place = np.full(len(parameters), np.nan), laboratory.model.species_index("PTEN_mRNA")
    for k, (row, state) in enumerate(zip(parameters, states, strict=True)):
        rows = _titrated(laboratory, row, transcription)
        rest = steady_states(laboratory.model, np.tile(np.nan_to_num(state), (len(rows), 1)), rows)[0]
        with_mirna, without = rest[:, place].reshape(2, -1)
        if np.isfinite(rest).all() and np.isfinite(state).all():
            value = _half_lost(np.asarray(transcription, dtype=float), without / with_mirna)
            thresholds[k] = np.inf if value is None else value
    return thresholds
