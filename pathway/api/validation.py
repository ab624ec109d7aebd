"""`pathway.validate`: every published finding against the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pathway.errors import public_function
from pathway.notebook import Progress, html_card, progress_shown
from pathway.scenario.ensembles import MEMBERS
from pathway.simulation.pieces import PieceRunner

from .saving import as_path, save_report


@dataclass(frozen=True, eq=False, repr=False)
class Validation:
    """Verdicts on published findings.

    Attributes
    ----------
    content : dict
        As the JSON file of 'pathway validate' holds it: "expectations", "findings", "by_role", "ensemble".
    seed : int or None
        Of draws that were judged, if there were any.
    """

    content: dict[str, Any]
    seed: int | None = None

    @property
    def sentences(self) -> list[str]:
        """How many of each role are met."""
        return [f"{role}: {n['met']} of {n['of']} met." for role, n in self.content["by_role"].items()]

    def to_dataframe(self) -> Any:
        """One row for each expectation: finding, claim, scenario, role, source, value, band, verdict, reason."""
        from pathway.extras import pandas

        return pandas().DataFrame(self.content["expectations"])

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Verdicts, tables, HTML report and provenance in a folder; the path of the report.

        Raises
        ------
        FolderError
            If something else stands there and `force` is False.
        """
        from pathway.folders import growing_folder
        from pathway.report.validation import IDENTITY, VALIDATION, validation_report

        with growing_folder(as_path("folder", folder), VALIDATION, IDENTITY, force=force):
            pass
        return save_report(validation_report(self.content, self.seed), folder, force)

    def __repr__(self) -> str:
        return f"<Validation of {len(self.content['expectations'])} expectations. {' '.join(self.sentences)}>"

    def _repr_html_(self) -> str:
        from pathway.report.validation import finding_table

        return html_card(
            "The model against published findings", self.sentences, [finding_table(self.content["findings"])]
        )


@public_function
def validate(
    scenarios: str | Sequence[str] | None = None,
    *,
    prior: int = 0,
    seed: int = 1,
    folder: str | Path | None = None,
    ensemble: str | None = None,
    members: int = MEMBERS,
    triple: bool = False,
    workers: int | None = None,
    executor: Any = None,
    progress: Progress | bool | None = None,
) -> Validation:
    """Published findings against the model: claim, role, source, value, band, verdict, reason.

    Parameters
    ----------
    scenarios : str or sequence of str, optional
        Names or files; all that come with the package unless given.
    prior : int
        So many draws from the ranges are judged too.
    seed : int
        Of the draws.
    folder : str or Path, optional
        Where judged draws are kept, to go on from there.
    ensemble : str, optional
        "calibrated" (unless told otherwise, where it comes with the package), "none" or a file (.npz).
    members : int
        Of the ensemble, at most.
    triple : bool
        Each headline number before any data, after measured data, and after findings too.
    workers : int, optional
        Threads that judge draws; None: as many as there are cores.
    executor : object with `submit`, optional
        Judges draws elsewhere: a Dask client, a `concurrent.futures` pool.
    progress : callable (what, done, of) or bool, optional
        True: a line of progress; None: one in a notebook.

    Returns
    -------
    Validation
        `.to_dataframe()`, `.sentences`, `.save(DIR)`; values are in the units of what is read.

    Raises
    ------
    ScenarioError
        If there is no such scenario.
    InputError
        If there is no such ensemble.

    Examples
    --------
    >>> import pathway
    >>> found = pathway.validate("untreated_rest", ensemble="none")
    >>> bool(found.to_dataframe()["met"].all())
    True
    """
    from pathway.report.validation import judge_expectations

    names = [scenarios] if isinstance(scenarios, str) else scenarios
    with TemporaryDirectory() as own, progress_shown(progress) as report:
        place = Path(folder) if folder is not None else Path(own) / "draws"
        runner = PieceRunner(workers, executor)
        content = judge_expectations(names, prior, seed, place, report, False, ensemble, members, triple, runner)
    return Validation(content, seed if prior else None)
