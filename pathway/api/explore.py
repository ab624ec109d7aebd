"""`pathway.explore`: a scenario in a notebook's cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pathway.errors import public_function
from pathway.explorer import MEMBERS, Explorer
from pathway.scenario import read_scenario

from .settings import setting_lines


@public_function
def explore(
    scenario: str | Path = "antimir21_resensitises",
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    ensemble: str | Path | None = None,
    members: int = MEMBERS,
    height: int = 900,
) -> Explorer:
    """The explorer in a notebook's cell: sliders, map, curves; computed in the browser, also in exported HTML.

    Parameters
    ----------
    scenario : str or Path
        A scenario's name or file.
    settings : mapping or sequence of str
        As for `pathway.run`: {"dose.trastuzumab.amount": "1 ug/mL"}.
    ensemble : str or Path, optional
        Parameter sets of the cloud: "calibrated", "prior" or a file; None: what comes with the package.
    members : int
        How many of them; 0: no cloud.
    height : int
        Of the cell, in pixels.

    Returns
    -------
    Explorer
        `.move(doses={"trastuzumab": "5 ug/mL"})` sets sliders, `.results` reads what is shown (the extra 'notebook');
        `.save(FILE)` writes the page.

    Raises
    ------
    ScenarioError
        If the scenario cannot be read.
    ExplorerError
        If its model cannot run in a browser.
    EnsembleError
        If the ensemble is not there.

    Examples
    --------
    >>> import pathway
    >>> view = pathway.explore("untreated_rest", members=0)
    >>> view.move(knock_downs={"PTEN": "70 %"})
    >>> view.state
    {'knock': {'PTEN': 0.7}}
    """
    read = read_scenario(scenario, setting_lines(settings))
    return Explorer(read, members=members, ensemble=None if ensemble is None else str(ensemble), height=height)
