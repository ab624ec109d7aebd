"""What was read on the way to a problem of fitting, for the reports of what followed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pathway.fitting.problem import ProblemSource
from pathway.scenario.experiment import Scenario

from .report import ReportOrigin


@dataclass(frozen=True, eq=False)
class ProblemFiles:
    """What was read on the way to a problem.

    Attributes
    ----------
    files : ProblemSource
    scenario : Scenario, optional
        Whose problem it is.
    """

    files: ProblemSource = field(default_factory=ProblemSource)
    scenario: Scenario | None = None

    @property
    def title(self) -> str:
        """Of the scenario; nothing of a PEtab problem."""
        return self.scenario.title if self.scenario else ""

    def origin(self, seed: int | None = None, packages: Mapping[str, str | None] | None = None) -> ReportOrigin:
        """Where a result on this problem comes from."""
        return ReportOrigin(
            self.files.inputs, self.files.settings, seed, packages or {}, {"without": list(self.files.without)}
        )
