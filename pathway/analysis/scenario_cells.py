"""Arms of a scenario as single cells: how far cells of one dish differ, and where miR-21 would run out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory

from .arms_under_draws import ArmUnderDraws, arms_under_draws
from .draws import DrawInterval, ParameterDraws, Progress, draw_interval, draws_of_chosen_values
from .explain import default_arms
from .mistakes import AnalysisError, unknown_name_error
from .single_cells import (
    TARGET,
    WITH_MIRNA,
    CellPopulation,
    TitrationCurve,
    simulate_population,
    titration_curve,
    titration_thresholds,
)

COUNTED: Mapping[str, tuple[str, ...]] = {"transcript": TARGET, "both": WITH_MIRNA}
"""What is counted molecule by molecule, by the word that options use: "both" adds the miRNA."""


@dataclass(frozen=True, eq=False)
class SingleCells:
    """Populations of several arms, and the titration in the first arm's cells.

    Attributes
    ----------
    scenario : Scenario
    populations : mapping of arm to CellPopulation
    titration : TitrationCurve or None
    complexes : float
        Loaded miR-21 per cell at rest in the first arm, as many as transcripts would have to be to use them up.
    intervals : mapping of arm to (mapping of name to DrawInterval)
        Of the mean and spread of transcripts and protein at the end, over draws: as many cells in each.
    threshold : DrawInterval or None
        Of the titration's threshold, without chance, over draws; infinite where it is not reached.
    draws : ParameterDraws
    """

    scenario: Scenario
    populations: Mapping[str, CellPopulation]
    titration: TitrationCurve | None
    complexes: float
    intervals: Mapping[str, Mapping[str, DrawInterval]]
    threshold: DrawInterval | None
    draws: ParameterDraws

    def lines(self) -> list[str]:
        """The finding: what is said of each arm, of the titration, and of the draws."""
        lines = []
        for name, population in self.populations.items():
            count, protein = population.transcripts()[:, -1], population.protein()[:, -1]
            lines.append(
                f"'{name}': {count.mean():.1f} PTEN transcripts per cell, spread {_spread(count):.0%} (Poisson "
                f"{count.mean() ** -0.5:.0%}); PTEN {protein.mean():.3g}, spread {_spread(protein):.1%}."
            )
            if name in self.intervals:
                spreads = "; ".join(f"{what} {interval.text()}" for what, interval in self.intervals[name].items())
                lines.append(f"Over {self.draws.count} draws (95 %): {spreads}.")
        if self.titration is not None:
            lines.append(self.titration.text(self.complexes))
        if self.threshold is not None and self.threshold.text():
            lines.append(f"Over draws, without chance, the threshold is {self.threshold.text()} (inf: not reached).")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "scenario": self.scenario.name,
            "units": {"time": "h", "transcripts": "molecules", "PTEN": "1"},
            "arms": {
                name: {**_population_dict(population), "intervals": _spelled(self.intervals.get(name, {}))}
                for name, population in self.populations.items()
            },
            "loaded_miR21": self.complexes,
            "titration": None if self.titration is None else self.titration.to_dict(),
            **_spelled({} if self.threshold is None else {"threshold": self.threshold}),
            "ensemble": self.draws.to_dict(),
            "conclusion": " ".join(self.lines()),
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each arm and time."""
        header = ["arm", "time [h]", "transcripts, mean [molecules]", "transcripts, variance [molecules^2]"]
        header += ["transcripts without chance [molecules]", "PTEN, mean [1]", "PTEN, 2.5 % [1]", "PTEN, 97.5 % [1]"]
        header += ["PTEN without chance [1]"]
        table = []
        for name, population in self.populations.items():
            count, protein = population.transcripts(), population.protein()
            low, high = np.quantile(protein, [0.025, 0.975], axis=0)
            columns = (
                population.cells.times, count.mean(axis=0), count.var(axis=0), population.usual_transcripts(),
                protein.mean(axis=0), low, high, np.asarray(population.course["PTEN"]),
            )  # fmt: skip
            table += [[name, *map(float, row)] for row in zip(*columns, strict=True)]
        return header, table


def _spread(values: np.ndarray) -> float:
    """Coefficient of variation."""
    return float(values.std() / values.mean())


def _spelled(intervals: Mapping[str, DrawInterval]) -> dict[str, Any]:
    return {name: interval.to_dict() for name, interval in intervals.items()}


def _population_dict(population: CellPopulation) -> dict[str, Any]:
    count, protein = population.transcripts(), population.protein()
    low, high = np.quantile(protein, [0.025, 0.975], axis=0)
    return {
        "times": population.cells.times.tolist(),
        "transcripts": {
            "mean": count.mean(axis=0).tolist(),
            "variance": count.var(axis=0).tolist(),
            "without_chance": population.usual_transcripts().tolist(),
            "end": count[:, -1].tolist(),
        },
        "PTEN": {
            "mean": protein.mean(axis=0).tolist(),
            "low": low.tolist(),
            "high": high.tolist(),
            "without_chance": np.asarray(population.course["PTEN"]).tolist(),
            "end": protein[:, -1].tolist(),
        },
    }


def single_cells(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    arms: Sequence[str] | None = None,
    n_cells: int = 300,
    count: str = "transcript",
    step: float = 1.0,
    transcription: Sequence[float] = (),
    seed: int = 1,
    draws: ParameterDraws | None = None,
    progress: Progress | None = None,
) -> SingleCells:
    """Many cells of each arm, counted molecule by molecule.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arms : sequence of str, optional
        Unless given: the first arm, and the two that are usually compared under the drug.
    n_cells : int
    count : str
        A word of `COUNTED`.
    step : float, hours
        Between records; the deterministic rest is handed over there too.
    transcription : sequence of float
        Folds of the target's transcription for the titration; none: no titration.
    seed : int
    draws : ParameterDraws, optional
        Each is simulated with as many cells (a spread seen in n cells is itself uncertain by 1/sqrt(2 n)); one that
        does not rest untreated is left out.
    progress : callable, optional

    Raises
    ------
    AnalysisError
        If an arm does not exist, or a number is out of range.
    """
    if count not in COUNTED:
        raise unknown_name_error("way of counting", count, COUNTED)
    if n_cells < 2 or not step > 0.0:
        raise AnalysisError(f"{n_cells} cells every {step:g} h: at least 2 cells and a step above 0 h are needed")
    if any(not fold > 0.0 for fold in transcription):
        raise AnalysisError("folds of transcription must be above 0, for example 1, 30, 300")
    draws = draws or draws_of_chosen_values(laboratory)
    ready = arms_under_draws(scenario, [scenario.arm(name) for name in _arms(scenario, arms)], laboratory, draws)
    shown, intervals = {}, {}
    for number, cells in enumerate(ready):
        name = cells.setup.arm.name
        populations = _populations(scenario, laboratory, cells, count, n_cells, step, seed + number, progress)
        shown[name] = populations[0]
        if draws.count:
            intervals[name] = _over_draws(populations)
    first = ready[0]
    titration = threshold = None
    if len(transcription):
        titration = titration_curve(
            laboratory, first.setup.parameters, first.setup.state, transcription, n_cells=n_cells, hours=60.0,
            seed=seed, progress=progress,
        )  # fmt: skip
        threshold = draw_interval(titration_thresholds(laboratory, first.parameters, first.states, transcription))
    complexes = float(first.setup.state[laboratory.model.species_index("miR21_RISC")])
    return SingleCells(scenario, shown, titration, complexes, intervals, threshold, draws)


def _populations(
    scenario: Scenario, laboratory: Laboratory, cells: ArmUnderDraws, count: str, n_cells: int, step: float, seed: int,
    progress: Progress | None,
) -> list[CellPopulation]:  # fmt: skip
    """Of the chosen numbers, then of every draw that rests untreated; all with the same seed."""
    plan = cells.interventions(0)
    begin = min([scenario.start, *(i.time for i in plan)])
    times = np.unique([*np.arange(begin, scenario.end, step), *(i.time for i in plan), scenario.end])
    starts = list(zip(cells.parameters, cells.states, strict=True))
    populations = []
    for number, (row, state) in enumerate(starts):
        if np.isfinite(state).all():
            populations.append(simulate_population(
                laboratory, row, state, times[times <= scenario.end], interventions=cells.interventions(number),
                species=COUNTED[count], n_cells=n_cells, seed=seed,
                method="exact" if count == "transcript" else "leap",
            ))  # fmt: skip
        if progress:
            progress(f"cells of {cells.setup.arm.name}", number + 1, len(starts))
    return populations


def _over_draws(populations: Sequence[CellPopulation]) -> dict[str, DrawInterval]:
    """Mean and spread at the end."""
    values = []
    for population in populations:
        count, protein = population.transcripts()[:, -1], population.protein()[:, -1]
        values.append((count.mean(), _spread(count), protein.mean(), _spread(protein)))
    names = ("transcripts", "spread of transcripts", "PTEN", "spread of PTEN")
    return {name: draw_interval(column) for name, column in zip(names, np.array(values).T, strict=True)}


def _arms(scenario: Scenario, names: Sequence[str] | None) -> list[str]:
    known = [arm.name for arm in scenario.arms]
    if names is not None:
        for name in names:
            if name not in known:
                raise unknown_name_error("arm", name, known)
        return list(names)
    try:
        compared = default_arms(scenario, None, None)
    except AnalysisError:
        return known[:3]
    return list(dict.fromkeys([known[0], *compared]))
