"""`pathway.reweight`: what your own measurements make of the calibrated ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pathway.errors import InputError, public_function
from pathway.fitting.laboratory.member_likelihood import require_fit_table
from pathway.fitting.laboratory.reweighting import HEADLINES, NEW_VECTORS, Reweighting
from pathway.fitting.laboratory.reweighting import reweight as reweight_members
from pathway.notebook import Display, HtmlDisplay, Progress, progress_shown
from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.planning.next_measurement import next_measurement
from pathway.planning.ranking import InformationRanking
from pathway.report.output_folders import result_identity
from pathway.report.reweighting import (
    headline_words,
    next_measurement_sentences,
    outcome_sentences,
    reweighting_numbers,
    reweighting_report,
    reweighting_sentences,
)
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.ensembles import CALIBRATED, WEIGHTS, ensemble_file, member_weights
from pathway.scenario.experiment import Scenario

from .saving import as_path, save_report
from .settings import setting_lines


class Reweighted:
    """An ensemble after your measurements: `.sentences`, `.to_dict()`, `.to_dataframe()`, `.save()`; `pathway.plot`
    draws it.

    Attributes
    ----------
    result : Reweighting
        With the ensembles before and after, and the likelihood in each member.
    scenario : Scenario
    next_measurement : InformationRanking or None
        What the same bench could measure next; None where no headline number is open, or too few members are left.
    """

    def __init__(
        self, result: Reweighting, scenario: Scenario, next_measurement: InformationRanking | None = None
    ) -> None:
        self.result, self.scenario, self.next_measurement = result, scenario, next_measurement

    @property
    def weights(self) -> np.ndarray:
        """After the measurements, shape (n_members,); they add up to 1."""
        return self.result.weights(self.result.after)

    @property
    def effective_numbers(self) -> tuple[float, float]:
        """Members of equal weight that would say as much, before and after."""
        return self.result.effective_numbers

    @property
    def survivors(self) -> np.ndarray:
        """The fewest members that have 99 % of the weight, heaviest first, shape (n_survivors,)."""
        return self.result.survivors

    @property
    def ensemble(self) -> ParameterEnsemble:
        """The re-weighted members; where too few were left, new vectors between them. As `.save` writes it."""
        return self.result.outcome

    @property
    def sentences(self) -> list[str]:
        """All of it in plain words, what to measure next last."""
        return [*reweighting_sentences(self.result), *next_measurement_sentences(self.next_measurement)]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return dict(reweighting_numbers(self.result, self.next_measurement))

    def to_dataframe(self) -> Any:
        """The headline numbers before and after, one in a row, as a pandas table."""
        from pathway.extras import pandas

        header, rows = headline_words(self.result.headlines)
        return pandas().DataFrame([list(row) for row in rows], columns=list(header))

    def report(self, folder: Path) -> Any:
        """What it leaves in a folder."""
        return reweighting_report(self.result, self.scenario, folder, self.next_measurement)

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """A page, tables, figure, provenance, and `ensemble.npz` for `run --ensemble`, in a folder; the page's path.

        Raises
        ------
        FolderError
            If something else stands there and `force` is False.
        """
        return save_report(self.report(as_path("folder", folder)), folder, force)

    def draw(self, what: str = "") -> Any:
        """The figure.

        Raises
        ------
        InputError
            If `what` names another one.
        """
        from pathway.plotting.reweighting_figure import plot_reweighting

        if what:
            raise InputError(f"a re-weighted ensemble has one figure, and none called '{what}'")
        return plot_reweighting(self.result)

    def show(self, out: Display) -> None:
        """What was left and what changed, a table of the headline numbers, and what to measure next."""
        for sentence in outcome_sentences(self.result):
            out.print_line(sentence)
        out.print_table(*headline_words(self.result.headlines))
        for sentence in next_measurement_sentences(self.next_measurement):
            out.print_line(sentence)

    def __repr__(self) -> str:
        before, after = self.effective_numbers
        return (
            f"<Ensemble re-weighted by '{self.scenario.name}': effective number {before:.1f} before, {after:.1f} after>"
        )

    def _repr_html_(self) -> str:
        page = HtmlDisplay()
        self.show(page)
        return page.html


@public_function
def reweight(
    name_or_file: str | Path,
    *,
    ensemble: str | Path = CALIBRATED,
    weights: str = WEIGHTS[0],
    refine: int = NEW_VECTORS,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
) -> Reweighted:
    """What your own measurements make of an ensemble: each member's weight times how likely it makes them.

    Where too few members are left, members are moved along the few directions that the measurements see, to where they
    fit. A density around the members then stands for the data behind the ensemble, of which the likelihood of a new
    vector is not known.

    Parameters
    ----------
    name_or_file : str or Path
        A scenario with `[data]` and `[fit]`, which says how the measurements scatter; scales, offsets and noise levels
        that it leaves free are at their best in each member.
    ensemble : str or Path
        "calibrated", or a file (.npz).
    weights : str
        "measured" or "findings": which of its weights the measurements change.
    refine : int
        Where an effective number of fewer than 50 members is left, at most so many new vectors are drawn between them;
        0: none.
    settings
        As of `pathway.run`.
    progress : bool or callable (what, done, of), optional

    Returns
    -------
    Reweighted
        `.weights`, shape (n_members,); `.ensemble`, with new vectors where there are any; `.effective_numbers`;
        `.survivors`; `.to_dataframe()` has the headline numbers before and after in the units of their expectations;
        `.next_measurement`.

    Raises
    ------
    InputError
        With one line: no `[fit]`, measurements that are in the weights already or exclude every member, an ensemble
        that is none.

    Examples
    --------
    >>> import pathway
    >>> pathway.reweight("antimir21_resensitises")
    Traceback (most recent call last):
    ...
    pathway.fitting.problem.ProblemError: antimir21_resensitises.toml: there is no [fit] table ...
    """
    return reweighting_task(str(as_path("name_or_file", name_or_file)), ensemble, weights, settings, refine).reweight(
        progress
    )


@dataclass(frozen=True, eq=False)
class ReweightingTask:
    """All that a re-weighting needs, read and found to be in order; no member is run yet."""

    scenario: Scenario
    ensemble: ParameterEnsemble
    weights: str
    refine: int

    def identity(self, folder: Path) -> dict[str, Any]:
        """What tells the result from others that might stand in the folder."""
        return result_identity(self.scenario, folder, ensemble=self.ensemble.digest, weights=self.weights)

    def reweight(self, progress: Progress | bool | None = None) -> Reweighted:
        """The ensemble after the measurements; raises as `reweight`."""
        laboratory = built_in_laboratory()
        asked = [self.scenario, *map(read_scenario, HEADLINES)]
        with progress_shown(progress) as report:
            reweighting = reweight_members(
                self.scenario, laboratory, self.ensemble, self.weights, asked, report, self.refine
            )
            if report:
                report("what to measure next", 0, 1)
            by_name = {one.name: one for one in asked}
            headlines = [(by_name[h.scenario], h.expectation, h.share_after) for h in reweighting.headlines]
            outcome = reweighting.outcome
            after = reweighting.weights(outcome)
            return Reweighted(
                reweighting,
                self.scenario,
                next_measurement(self.scenario, laboratory, outcome, after, headlines),
            )


def reweighting_task(
    name_or_file: str,
    ensemble: str | Path,
    weights: str,
    settings: Mapping[str, str] | Sequence[str],
    refine: int,
) -> ReweightingTask:
    """What `reweight` is asked, up to where members are run; arguments and errors as there."""
    if name_or_file.lower().endswith((".yaml", ".yml")):
        raise InputError(
            f"{name_or_file}: an ensemble needs a scenario with [fit]; a PEtab problem knows no cell lines"
        )
    scenario = read_scenario(name_or_file, setting_lines(settings))
    require_fit_table(scenario)
    before = ensemble_file(str(ensemble))
    member_weights(before, weights)
    return ReweightingTask(scenario, before, weights, refine)
