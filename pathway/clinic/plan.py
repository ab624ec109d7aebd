"""What a cohort file says, once it is read: women, treatments, what a biopsy tells, what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .schedule import Infusion
from .traits import Covariate, Trait

BENEFIT, CORRELATION = "clinical benefit of ", "rank correlation of "
"""How quantities of an expectation begin; then follow traits, or two markers."""


@dataclass(frozen=True)
class TreatmentArm:
    """A treatment of all women.

    Attributes
    ----------
    name : str
    infusions : tuple of Infusion
        Of trastuzumab; none: without it.
    schedule : str
        The same as the file has it.
    chemotherapy : bool
    changes : mapping of a parameter of the circuit to float
        What it is multiplied by for good.
    exposure : mapping of an agent's species to float, nM
        Other agents, at a constant concentration in the tumor.
    """

    name: str
    infusions: tuple[Infusion, ...] = ()
    schedule: str = ""
    chemotherapy: bool = False
    changes: Mapping[str, float] = field(default_factory=dict)
    exposure: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MarkerCut:
    """Who counts as high or low: the share of women at one end of a marker.

    Attributes
    ----------
    marker : str
    count, of : int
        So many of so many.
    highest : bool
        The upper end, or the lower.
    """

    marker: str
    count: int
    of: int
    highest: bool = True

    @property
    def word(self) -> str:
        return f"{'high' if self.highest else 'low'} {self.marker}"

    @property
    def quantities(self) -> tuple[str, str, str, str, str]:
        """What an expectation may ask of it: a relative risk, months without progression of both groups, and how well
        it tells who progresses."""
        return (
            f"relative risk of {self.word}",
            f"median of {self.word} [months]",
            f"median of other {self.marker} [months]",
            f"sensitivity of {self.word}",
            f"specificity of {self.word}",
        )

    def marked(self, values: np.ndarray) -> np.ndarray:
        """Who is at that end, along the last axis; bool, of the shape of the values."""
        n = max(1, round(values.shape[-1] * self.count / self.of))
        ranks = np.argsort(np.argsort(-values if self.highest else values, axis=-1, kind="stable"), axis=-1)
        return ranks < n


@dataclass(frozen=True)
class Calibration:
    """The number that one published control arm sets."""

    trait: str
    arm: str
    months: float
    source: str = ""


@dataclass(frozen=True)
class CohortExpectation:
    """A published number that the cohort is asked for."""

    finding: str
    claim: str
    role: str
    source: str
    quantity: str
    published: str
    above: float | None = None
    below: float | None = None

    def met(self, value: float) -> bool:
        """Whether a number lies in the band."""
        low = -np.inf if self.above is None else self.above
        high = np.inf if self.below is None else self.below
        return bool(low <= value <= high)


@dataclass(frozen=True, eq=False)
class CohortPlan:
    """A cohort file, read and checked.

    Attributes
    ----------
    file : Path
    content : bytes
        Of the file, for the report.
    title, question, cells : str
    women, seed : int
    end, visit_every : float, days
    arms : tuple of TreatmentArm
    traits : tuple of Trait
    correlations : array, shape (n_traits, n_traits)
    covariates : tuple of Covariate
    marker_errors : mapping of marker to float
        Standard deviation of the logarithm of what a biopsy tells.
    high, low : MarkerCut or None
        The first is what relative risks are of.
    calibration : Calibration or None
    follow_up_arm : str
    follow_up_share : tuple of int
        So many of so many had progressed when follow-up ended.
    cohort_size, cohort_count : int
    observed : tuple of int
        Progressed, of high; progressed, of the others.
    expectations : tuple of CohortExpectation
    """

    file: Path
    content: bytes
    title: str
    question: str
    cells: str
    women: int
    seed: int
    end: float
    visit_every: float
    arms: tuple[TreatmentArm, ...]
    traits: tuple[Trait, ...]
    correlations: np.ndarray
    covariates: tuple[Covariate, ...]
    marker_errors: Mapping[str, float]
    high: MarkerCut
    low: MarkerCut | None
    calibration: Calibration | None
    follow_up_arm: str
    follow_up_share: tuple[int, int]
    cohort_size: int
    cohort_count: int
    observed: tuple[int, int, int, int]
    expectations: tuple[CohortExpectation, ...]

    @property
    def name(self) -> str:
        return self.file.stem

    def arm(self, name: str) -> int:
        """Place of an arm."""
        return [arm.name for arm in self.arms].index(name)
