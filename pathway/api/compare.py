"""`pathway.compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pathway.errors import InputError, public_function
from pathway.notebook import Display, HtmlDisplay
from pathway.numerals import number_text
from pathway.report.run_comparison import RunComparison, compare_runs, run_comparison_report

from .saving import as_path, save_report


class Comparison(RunComparison):
    """Two runs side by side: `.sentences`, `.rows`, `.to_dataframe()`, `.save(DIR)`; `pathway.plot` draws it."""

    def to_dataframe(self) -> Any:
        """Arm, reading, both values and their difference."""
        from pathway.extras import pandas

        header, rows = self.table()
        return pandas().DataFrame(rows, columns=header)

    def draw(self, what: str = "") -> Any:
        """The figure."""
        from pathway.plotting.run_comparison_figure import plot_run_comparison

        return plot_run_comparison(self)

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Table, figure, HTML report and provenance in a folder; the path of the report.

        Raises
        ------
        FolderError
            If something else stands there and `force` is False.
        """
        return save_report(run_comparison_report(self, as_path("folder", folder)), folder, force)

    def show(self, out: Display) -> None:
        """Titles, sentences and table."""
        for title in dict.fromkeys(self.titles):
            out.print_line(title, style="bold")
        for sentence in self.sentences:
            out.print_line(sentence)
        header, rows = self.table()
        shown = [[arm, reading, *(number_text(v, 4) for v in numbers)] for arm, reading, *numbers in rows]
        out.print_table(header, shown, numbers=(2, 3, 4))

    def __repr__(self) -> str:
        return f"<Comparison of '{self.first}' and '{self.second}': {len(self.rows)} readings>"

    def _repr_html_(self) -> str:
        page = HtmlDisplay()
        self.show(page)
        return page.html


@public_function
def compare(first: str | Path, second: str | Path) -> Comparison:
    """Two runs side by side, from the folders that they left: settings, growth, readings, courses.

    Parameters
    ----------
    first, second : str or Path
        What `result.save(DIR)` or 'pathway run' wrote.

    Returns
    -------
    Comparison

    Raises
    ------
    FolderError
        If a folder holds no run.

    Examples
    --------
    >>> import pathway, tempfile
    >>> result = pathway.run("antimir21_resensitises", ensemble="none")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = result.save(folder + "/one").parent, result.save(folder + "/other").parent
    ...     pathway.compare(one, other).sentences[0]
    'one and other: the same input files.'
    """
    for place in (first, second):
        if not isinstance(place, str | Path):
            raise InputError(f"compare: expected the folder of a run, got {type(place).__name__}")
    return Comparison(**vars(compare_runs(Path(first), Path(second))))
