"""`Explorer`: the page in a notebook's cell, whose settings Python sets and whose results Python reads.

The cell holds the whole page in a frame of its own, so that it goes on working in exported HTML, without a kernel and
without a network. Beside it stands an invisible widget (anywidget), which carries settings to the page and settings and
results back while a kernel runs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pathway.errors import UnknownNameError, did_you_mean
from pathway.extras import require
from pathway.folders import write_new_file
from pathway.network import circuit
from pathway.scenario import quantities
from pathway.scenario.built_in import built_in_laboratory
from pathway.scenario.experiment import Scenario

from .page import MEMBERS, WEB, page_data, page_text

HEIGHT = 900
"""Of the frame, in pixels."""


class Explorer:
    """A scenario in a notebook's cell: `.move(...)`, `.state`, `.results`, `.save(FILE)`.

    Parameters
    ----------
    scenario : Scenario
    members : int
        Of the ensemble, for the cloud; 0: none.
    ensemble : str, optional
        "calibrated", "prior" or a file.
    height : int
        Of the cell, in pixels.
    """

    def __init__(
        self, scenario: Scenario, *, members: int = MEMBERS, ensemble: str | None = None, height: int = HEIGHT
    ) -> None:
        self.scenario = scenario
        self.height = height
        self._data = page_data(scenario, members=members, ensemble=ensemble)
        self._state: dict[str, Any] = {}
        self._bridge = _bridge()(frame=f"pathway_explorer_{id(self)}") if find_spec("anywidget") else None

    @property
    def state(self) -> dict[str, Any]:
        """What has been moved, by hand or by `move`: doses, knock, cells, scale, off, arms, copies; empty at first."""
        return copy.deepcopy(self._bridge.state if self._bridge else self._state)

    @property
    def results(self) -> dict[str, Any]:
        """What the page shows at its time: {arm: {"GR", "percent_of_untreated" and the scenario's observables}}.

        Empty until the cell has been drawn. Units are those of `pathway.observables`.
        """
        require("anywidget")
        assert self._bridge is not None
        return copy.deepcopy(self._bridge.results)

    def move(
        self,
        *,
        doses: Mapping[str, str] | None = None,
        times: Mapping[str, str] | None = None,
        knock_downs: Mapping[str, str] | None = None,
        cells: Mapping[str, str] | None = None,
        loops_off: Sequence[str] | None = None,
        arms: Sequence[str] | None = None,
    ) -> None:
        """Set sliders and switches; what is not named stays.

        Parameters
        ----------
        doses : mapping of dose to amount
            {"trastuzumab": "5 ug/mL"}
        times : mapping of dose to the moment when it is first given
            {"trastuzumab": "24 h"}
        knock_downs : mapping of protein to share
            {"PTEN": "70 %"}; "0 %" takes it back.
        cells : mapping of the scenario's line to the line that stands for it
        loops_off, arms : sequence of str
            Loops switched off; arms computed and drawn.

        Raises
        ------
        UnknownNameError
            If a name is not there.
        UnitError
            If an amount, time or share cannot be read.
        """
        state, laboratory = self.state, built_in_laboratory()
        for name, text in (doses or {}).items():
            agent = laboratory.agents[self._dose(name).agent]
            amount = quantities.parse_amount(text, agent.unit, agent.usual, agent.molar_mass)
            state.setdefault("doses", {}).setdefault(name, {})["amount"] = amount
        for name, text in (times or {}).items():
            shift = quantities.parse_hours(text) - self._dose(name).times[0]
            state.setdefault("doses", {}).setdefault(name, {})["shift"] = shift
        for protein, text in (knock_downs or {}).items():
            _known("protein", protein, laboratory.knock_downs)
            share = 0.0 if text.replace(" ", "") == "0%" else quantities.parse_fraction(text)
            state.setdefault("knock", {})[protein] = share
        own = {arm.cells for arm in self.scenario.arms}
        for line, other in (cells or {}).items():
            state.setdefault("cells", {})[_known("line of the scenario", line, own)] = _known(
                "line", other, laboratory.cell_lines
            )
        if loops_off is not None:
            state["off"] = [_known("loop", name, [loop.name for loop in circuit().loops]) for name in loops_off]
        if arms is not None:
            state["arms"] = [_known("arm", name, [arm.name for arm in self.scenario.arms]) for name in arms]
        self._state = state
        if self._bridge:
            self._bridge.state = state

    def _dose(self, name: str) -> Any:
        return self.scenario.doses[_known("dose", name, self.scenario.doses)]

    def save(self, file: str | Path, *, force: bool = False) -> Path:
        """The page, with what has been moved, as one HTML file; its path.

        Raises
        ------
        FolderError
            If the file is there and `force` is False.
        """
        write_new_file(Path(file), self._page().encode("utf-8"), force)
        return Path(file)

    def _page(self) -> str:
        return page_text(self.scenario, self._data, self.state)

    def _repr_html_(self) -> str:
        """The page in a frame: nothing in it can reach the notebook, and it reaches no network."""
        name = self._bridge.frame if self._bridge else ""
        return (
            f'<iframe id="{name}" title="{escape(self.scenario.title)}" width="100%" height="{self.height}" '
            f'style="border:0" sandbox="allow-scripts allow-downloads" srcdoc="{escape(self._page())}"></iframe>'
        )

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self._repr_html_(), "text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call]
        if self._bridge:
            display(self._bridge)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return f"<Explorer of '{self.scenario.name}': {len(self.scenario.arms)} arms>"


def _known(what: str, name: str, known: Any) -> str:
    if name not in known:
        raise UnknownNameError(f"there is no {what} '{name}'.{did_you_mean(name, known)}")
    return name


@cache
def _bridge() -> Any:
    """The invisible widget's class; anywidget is loaded where it is first needed."""
    import anywidget
    import traitlets

    class Bridge(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = (WEB / "bridge.js").read_text(encoding="utf-8")
        frame = traitlets.Unicode().tag(sync=True)
        state = traitlets.Dict().tag(sync=True)
        results = traitlets.Dict().tag(sync=True)

    return Bridge
