"""What a combination of two agents comes to: a surface on every scale, excess over every reference, a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.experiment import Scenario

from .arms_under_draws import DoseLevels
from .draws import DrawInterval, ParameterDraws
from .synergy import EffectSurface, ExcessSurface
from .synergy.musyc import MuSyCFit
from .synergy.scales import SCALES, VerdictFlip, side_in_words


@dataclass(frozen=True, eq=False)
class CombinationGrid:
    """A combination in one arm's cells.

    Attributes
    ----------
    scenario : Scenario
    arm : str
        The arm in whose dish the two agents are given.
    first, second : DoseLevels
        Without the dose 0.
    times_first, times_second : tuple of float, hours
    since, until : float, hours
        The first drug, from which growth is counted; the reading.
    log_folds : array, shape (1 + n_draws, n, m)
        Natural logarithm of cells at the end per cells at the first drug.
    scale : str
        Of the surfaces: a name of `SCALES`.
    surfaces : mapping of scale to EffectSurface
        Of the chosen numbers.
    excess : mapping of reference to ExcessSurface
    index : masked array, shape (n, m)
        Loewe combination index.
    musyc : MuSyCFit or None
        None for grids with fewer than 16 cells.
    flips : tuple of VerdictFlip
    verdicts : mapping of scale to text
        By mean Bliss excess.
    intervals : mapping of name to DrawInterval
        Over draws: of the mean excess over each reference, and of MuSyC's beta and alphas, among the draws that
        determine them; empty without draws.
    positive : mapping of reference to masked array, shape (n, m)
        Share of draws with synergy in each cell, among those in which the reference is defined there.
    drawn : array, shape (k, n, m)
        Effects of the draws on the scale asked for, for lines and bands of figures.
    draws : ParameterDraws
    """

    scenario: Scenario
    arm: str
    first: DoseLevels
    second: DoseLevels
    times_first: tuple[float, ...]
    times_second: tuple[float, ...]
    since: float
    until: float
    log_folds: np.ndarray
    scale: str
    surfaces: Mapping[str, EffectSurface]
    excess: Mapping[str, ExcessSurface]
    index: np.ma.MaskedArray
    musyc: MuSyCFit | None
    flips: tuple[VerdictFlip, ...]
    verdicts: Mapping[str, str]
    intervals: Mapping[str, DrawInterval]
    positive: Mapping[str, np.ma.MaskedArray]
    drawn: np.ndarray
    draws: ParameterDraws

    @property
    def surface(self) -> EffectSurface:
        """The surface on the scale asked for."""
        return self.surfaces[self.scale]

    @property
    def called(self) -> str:
        """What the mean excess by Bliss is called: synergy or antagonism only where its interval leaves zero."""
        word, interval = self.verdicts[self.scale], self.intervals.get("bliss")
        if word not in ("synergy", "antagonism"):
            return word
        if interval is None:
            return f"{side_in_words(word)}, without an interval"
        if interval.low is None or interval.high is None or interval.low <= 0.0 <= interval.high:
            return f"neither synergy nor antagonism is shown: on the side of {word}, but 95 % of draws hold zero"
        return word if (interval.low > 0.0) == (word == "synergy") else f"{word}, against most draws"

    def conclusion(self) -> str:
        """The verdict in one or two sentences."""
        mean = self.excess["bliss"].mean()
        text = f"{self.first.agent.name} with {self.second.agent.name}, by Bliss: {self.called}"
        text += f" (mean excess {mean:+.3f} of {SCALES[self.scale]})." if mean is not None else "."
        others = {name: word for name, word in self.verdicts.items() if word != self.verdicts[self.scale]}
        if others:
            elsewhere = "; ".join(f"{side_in_words(word)} on the scale of {name}" for name, word in others.items())
            text += f" This depends on the scale of effect: {elsewhere}."
        if self.flips:
            cells = self.surface.effect[1:, 1:].size
            text += f" In {len(self.flips)} of {cells} cells the excess changes its sign with the scale."
        if "bliss" in self.intervals:
            text += " " + self._over_draws(self.intervals["bliss"])
        return text

    def _over_draws(self, interval: DrawInterval) -> str:
        if interval.low is None or interval.high is None:
            return "No draw gives growing cells."
        text = f"Over {self.draws.count} draws ({self.draws.kind}) the mean lies between {interval.low:+.3f} and "
        return f"{text}{interval.high:+.3f} (95 %; median {interval.median:+.3f})."

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        first, second = self.first.agent.name, self.second.agent.name
        return {
            "scenario": self.scenario.name,
            "arm": self.arm,
            "doses": {first: [0.0, *self.first.shown], second: [0.0, *self.second.shown]},
            "units": {first: self.first.unit, second: self.second.unit},
            "axes": [first, second],
            "given_at": {first: list(self.times_first), second: list(self.times_second)},
            "since": self.since,
            "until": self.until,
            "scale": SCALES[self.scale],
            "effect": self.surface.effect.tolist(),
            "GR": self.surfaces["GR"].effect.tolist(),
            "relative_count": self.surfaces["count"].effect.tolist(),
            **{name: excess.listed() for name, excess in self.excess.items()},
            "combination_index": ExcessSurface("index", self.index).listed(),
            "undefined": [
                {"metric": u.metric, "row": u.row, "column": u.column, "reason": u.reason}
                for excess in self.excess.values()
                for u in excess.undefined
            ],
            "musyc": self.musyc and {**self.musyc.surface.to_dict(), "r_squared": self.musyc.r_squared},
            "mean_excess": {name: excess.mean() for name, excess in self.excess.items()},
            "intervals": {n: [i.low, i.high] for n, i in self.intervals.items()},
            "medians": {n: i.median for n, i in self.intervals.items()},
            "verdicts": dict(self.verdicts),
            "flips": [{"row": f.row, "column": f.column, "excess": dict(f.excess)} for f in self.flips],
            "share_of_draws_with_synergy": {
                name: ExcessSurface(name, share).listed() for name, share in self.positive.items()
            },
            "ensemble": self.draws.to_dict(),
            "conclusion": self.conclusion(),
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each pair of doses; empty where undefined."""
        header = [f"{a.agent.name} [{a.unit}]" for a in (self.first, self.second)]
        header += [f"effect ({self.scale}) [1]", "GR [1]", "relative count [1]"]
        header += [f"{name} excess [1]" for name in self.excess]
        listed = {name: excess.listed() for name, excess in self.excess.items()}
        table = []
        for i, one in enumerate((0.0, *self.first.shown)):
            for j, two in enumerate((0.0, *self.second.shown)):
                values = [float(self.surfaces[s].effect[i, j]) for s in (self.scale, "GR", "count")]
                table.append([one, two, *values, *(listed[name][i][j] for name in self.excess)])
        return header, table
