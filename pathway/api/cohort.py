"""`pathway.cohort`: virtual women from the dish to the clinic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pathway.clinic import DISCLAIMER
from pathway.clinic.patients import PatientScore, read_patients, score_patients
from pathway.clinic.result import CohortResult
from pathway.clinic.simulate import CohortRequest, simulate_cohort
from pathway.clinic.women import EDGE
from pathway.errors import InputError, public_function
from pathway.folders import growing_folder
from pathway.notebook import Display, HtmlDisplay
from pathway.numerals import number_text
from pathway.report.cohort import COHORT, cohort_report, read_cohort_folder
from pathway.report.output_folders import default_results_folder
from pathway.simulation.pieces import PieceRunner

from .saving import as_path, save_report


class Cohort:
    """Virtual women, and what a clinic would see of them: `.result`, `.to_dict()`, `.save()`; `pathway.plot` draws it.

    Attributes
    ----------
    result : CohortResult
    folder : Path
        Where its women lie.
    score : PatientScore or None
        Of one's own patients.
    """

    def __init__(
        self,
        result: CohortResult,
        folder: Path,
        request: CohortRequest,
        identity: Mapping[str, Any],
        score: PatientScore | None,
    ) -> None:
        self.result, self.folder, self.score = result, folder, score
        self.identity = identity
        self.asked = {"women": result.plan.women, "ensemble": request.ensemble, "weights": request.weights}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        content = self.result.to_dict()
        return content if self.score is None else {**content, "patients": self.score.to_dict()}

    def report(self) -> Any:
        """What it leaves in its folder."""
        return cohort_report(self.result, self.identity, self.asked, self.score)

    def save(self) -> Path:
        """Tables, figures, HTML report and provenance beside its women; the path of the report."""
        return save_report(self.report(), self.folder, False)

    def draw(self, what: str = "") -> Any:
        """The figure; "tumors" for survival, waterfall and spider.

        Raises
        ------
        InputError
            If `what` is neither.
        """
        from pathway.plotting.cohort_figure import plot_cohort, plot_tumors

        if what not in ("", "tumors"):
            raise InputError(f"a cohort has no figure '{what}'; it has '' and 'tumors'")
        return plot_tumors(self.result) if what else plot_cohort(self.result)

    def show(self, out: Display) -> None:
        """Sentences and tables."""
        out.print_line(self.result.plan.title, style="bold")
        for sentence in [*self.result.sentences(), *(self.score.sentences() if self.score else [])]:
            out.print_line(sentence)
        for table in (self.result.relative_risk_table(), self.result.check_table(), self.result.arm_table()):
            header, rows = table
            texts = [
                [number_text(v, 3) if isinstance(v, float) else str("" if v is None else v) for v in r] for r in rows
            ]
            out.print_table(list(header), texts)

    def __repr__(self) -> str:
        women = len(self.result.variants[EDGE].numbers)
        return f"<Cohort '{self.result.plan.name}': {women} virtual women. {DISCLAIMER}>"

    def _repr_html_(self) -> str:
        page = HtmlDisplay()
        self.show(page)
        return page.html


@public_function
def cohort(
    name_or_file: str | Path,
    *,
    women: int | None = None,
    folder: str | Path | None = None,
    workers: int | None = None,
    executor: Any = None,
    patients: str | Path | None = None,
    ensemble: str = "calibrated",
    weights: str = "measured",
    force: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Cohort:
    """Virtual women under treatment. A model for thinking, not for treatment decisions.

    Parameters
    ----------
    name_or_file : str or Path
        A cohort file, or the name of one that comes with the package ("women37").
    women : int, optional
        Instead of as many as the file says.
    folder : str or Path, optional
        Where women are kept as they come; what is there already is not computed again. Default: results/NAME.
    workers : int, optional
        Threads; None: as many as there are cores. What a woman gives does not depend on it.
    executor : object with `submit`, optional
        Runs pieces elsewhere: a Dask client, a `concurrent.futures` pool.
    patients : str or Path, optional
        A table of one's own patients (CSV), scored and not fitted.
    ensemble, weights : str
        As of `pathway.run`.
    force : bool
        Replace another result in the folder.
    progress : callable (what, done, of), optional

    Returns
    -------
    Cohort

    Raises
    ------
    InputError
        If a file is wrong, or the folder holds something else.
    NumericalError
        If no woman's cells could be worked out.
    ImportError
        If lifelines is not installed (extra `clinic`).

    Examples
    --------
    >>> import pathway
    >>> pathway.cohort("women73")
    Traceback (most recent call last):
    ...
    pathway.clinic.read.CohortError: women73: no such file, and no cohort has this name. Did you mean 'women37'?
    """
    from pathway.extras import lifelines

    lifelines()  # before anything is computed
    request = CohortRequest(str(as_path("name_or_file", name_or_file)), women, ensemble, weights)
    own = None if patients is None else read_patients(as_path("patients", patients))
    identity = request.identity
    place = default_results_folder(identity["cohort"]) if folder is None else as_path("folder", folder)
    with growing_folder(place, COHORT, identity, force=force) as store:
        result = simulate_cohort(request, store, PieceRunner(workers, executor), progress)
    score = None if own is None else score_patients(own, result.progressions[EDGE])
    return Cohort(result, place, request, identity, score)


def repeated_cohort(
    folder: Path, progress: Callable[[str, int, int], None] | None = None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Record and JSON form of a cohort in a folder, and the JSON form of the same women computed anew.

    Raises
    ------
    FolderError
        If the folder holds none.
    """
    record, content, files = read_cohort_folder(folder)
    with TemporaryDirectory(prefix="pathway_cohort_") as place:
        again = cohort(
            files[0], folder=Path(place) / "again", patients=files[1] if len(files) > 1 else None, progress=progress,
            **record["asked"],
        )  # fmt: skip
        return record, content, again.to_dict()
