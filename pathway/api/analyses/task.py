"""What analyses are given and hand over: a scenario with options, and an output that shows itself anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pathway.notebook import Display as Display
from pathway.notebook import Progress
from pathway.simulation.pieces import PieceRunner

if TYPE_CHECKING:
    from pathway.report import DeferredFigure, Table


@dataclass(frozen=True)
class AnalysisTask:
    """A scenario with the options of an analysis.

    Attributes
    ----------
    scenario, laboratory
    options : mapping
        All of the analysis, defaults filled in.
    progress : callable or None
    say : callable
        Is told what has to be known of the draws.
    runner : PieceRunner
        Who does what takes long.
    """

    scenario: Any
    laboratory: Any
    options: Mapping[str, Any]
    progress: Progress | None
    say: Callable[[str], None]
    runner: PieceRunner = field(default_factory=PieceRunner)

    def draws(self, *lines: str) -> Any:
        """Parameter draws as the options say, for the cell lines named; of all arms unless given."""
        from pathway.analysis.draws import draws_from_option

        o = self.options
        lines = lines or tuple(dict.fromkeys(arm.cells for arm in self.scenario.arms))
        draws = draws_from_option(
            self.laboratory, lines, self.scenario.file.parent, o["ensemble"], count=int(o["draws"]),
            seed=int(o["seed"]), posterior=o["posterior"], progress=self.progress,
        )  # fmt: skip
        if draws.left_out:
            self.say(f"Not parameters of the circuit, left out: {', '.join(draws.left_out)}")
        if draws.origin:
            self.say(
                f"Values are those of the cell line as it stands, intervals and medians those of draws {draws.origin}. "
                "A value may lie outside its interval: the line's numbers are then unusual among the draws."
            )
        return draws


@dataclass(frozen=True)
class AnalysisOutput:
    """What an analysis hands over.

    Attributes
    ----------
    content : dict
        The JSON form.
    tables : mapping of file stem to Table
    figures : mapping of file stem to DeferredFigure
    show : callable (Display)
        Shows it to the person who asked.
    sentences : sequence of str
        What was found, in plain words, for the page.
    """

    content: dict[str, Any]
    tables: Mapping[str, Table]
    figures: Mapping[str, DeferredFigure]
    show: Callable[[Display], None]
    sentences: Sequence[str] = ()


def hours_or_none(text: str | None) -> float | None:
    """A time such as "72 h" in hours; None for no text."""
    from pathway.scenario.quantities import parse_hours

    return parse_hours(text) if text else None
