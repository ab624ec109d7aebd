"""What an experiment is asked: a contrast of arms, and the band in which its confidence interval must lie.

Of GR the contrast is a difference; of everything else it is the logarithm of a ratio, since bands, wells and cycles
have no unit of the model's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pathway.errors import did_you_mean
from pathway.scenario.experiment import Expectation, Reading, Scenario
from pathway.scenario.plain_words import band_in_words

from .assays import Assay, PlanError, assays_of, require_assay
from .power import LEVEL

AGAINST_CONTROL = ("GR", "percent_of_control")
"""Numbers that need an arm's growth control."""
ON_COUNTS = (*AGAINST_CONTROL, "percent_of_untreated")
"""Numbers that one arm has by itself: they hold it against its own control."""
COUNTED = (*ON_COUNTS, "cell_number", "cell_number_fold")
"""Numbers that are made of counts of cells alone."""

_BAND_ONLY = ("sanity", "construction")


@dataclass(frozen=True)
class EffectQuestion:
    """What is asked of two arms, or of one and its own control.

    Attributes
    ----------
    name : str
        "V3", or what is compared.
    claim : str
    quantity : str
    arms : tuple of str
        The second is what the first is held against.
    low, high : float
        The effect is found where its confidence interval lies between; in GR, or a logarithm of a ratio.
    either : bool
        An interval on the other side of zero counts as well.
    equivalence : bool
        No difference is inside the band: to be shown is that there is little.
    size : float or None
        The least effect that the expectation names, where it names one.
    time : float, hours
        When the scenario reads it.
    place : int or None
        Of the expectation among those of the scenario.
    """

    name: str
    claim: str
    quantity: str
    arms: tuple[str, ...]
    low: float
    high: float
    either: bool = False
    equivalence: bool = False
    size: float | None = None
    time: float = 0.0
    place: int | None = None

    @property
    def tail(self) -> float:
        """One minus the one-sided confidence of the limits of the interval."""
        return LEVEL if self.equivalence else 0.5 * LEVEL

    @property
    def prefix(self) -> str:
        """What stands before the words of an expectation's question: "V3: "."""
        return "" if self.place is None else f"{self.name}: "

    @property
    def in_words(self) -> str:
        """What is compared with what."""
        first, *others = (f"'{arm}'" for arm in self.arms)
        what = self.quantity.replace("_", " ")
        return f"{what} of {first} against {others[0]}" if others else f"{what} of {first}"

    @property
    def criterion(self) -> str:
        """What has to be shown."""
        if self.either:
            return "a difference"
        if not self.equivalence:
            return "a rise" if self.low == 0.0 else "a fall"
        as_shown = (lambda x: x) if self.quantity == "GR" else math.exp
        above, below = (None if math.isinf(x) else as_shown(x) for x in (self.low, self.high))
        return f"a {'difference' if self.quantity == 'GR' else 'ratio'} of {band_in_words(above, below)}"


def comparison_question(pair: str, quantity: str, scenario: Scenario, assays: Sequence[Assay]) -> EffectQuestion:
    """A question of the user's own: "both vs trastuzumab" and an observable.

    Raises
    ------
    PlanError
        If it is no pair of arms, an arm is none of the scenario's, or no assay measures the observable.
    """
    names = [name.strip() for name in pair.split(" vs ")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise PlanError(f"'{pair}' is no pair of arms; write for example 'both vs trastuzumab'")
    known = [arm.name for arm in scenario.arms]
    for name in names:
        if name not in known:
            raise PlanError(f"no arm is called '{name}'.{did_you_mean(name, known)} Arms: {', '.join(known)}")
    require_assay(quantity, assays)
    arms = (names[0], names[1])
    if reason := _of_the_model_alone(arms, scenario):
        raise PlanError(reason)
    name = f"{quantity}: {pair}"
    return EffectQuestion(name, name, quantity, arms, 0.0, math.inf, True, time=scenario.growth_until)


def expectation_questions(
    scenario: Scenario, assays: Sequence[Assay]
) -> tuple[list[EffectQuestion], list[tuple[Expectation, str]]]:
    """What the expectations of a scenario ask of a bench; and those that ask nothing of it, with the reason."""
    questions: list[EffectQuestion] = []
    skipped: list[tuple[Expectation, str]] = []
    for place, expectation in enumerate(scenario.expectations):
        reason = _not_for_a_bench(expectation, scenario, assays)
        if reason:
            skipped.append((expectation, reason))
        else:
            questions.append(_question(expectation, place, scenario))
    return questions, skipped


def _not_for_a_bench(expectation: Expectation, scenario: Scenario, assays: Sequence[Assay]) -> str:
    """Why no assay answers an expectation; "" if one does."""
    reading = expectation.reading
    if expectation.role in _BAND_ONLY:
        return f"of role {expectation.role}: it asks the model, not a bench"
    if reading.how == "rank" or reading.reduce not in ("end", "at") or reading.relative_to or reading.over:
        return "asks for more than a contrast of two arms at one time"
    if not assays_of(reading.quantity, assays):
        return f"{reading.quantity} is measured by none of {', '.join(assay.name for assay in assays)}"
    if reading.how == "arm" and (len(reading.arms) != 1 or reading.quantity not in ON_COUNTS):
        return "asks for a level of one arm, and assays tell ratios"
    if reading.quantity == "GR" and reading.how == "ratio":
        return "asks for a ratio of GR, which may be 0"
    low, high = _band(expectation)
    if not low < high:
        return "its band holds no number that an assay could tell"
    if reading.how == "compare" and reading.quantity != "GR" and low < 0.0 < high:
        return "its band is one of differences in the model's unit, of which an assay tells the sign"
    return _of_the_model_alone(reading.arms, scenario)


def _of_the_model_alone(arms: Sequence[str], scenario: Scenario) -> str:
    """Why no bench can make the arms; "" if it can."""
    for name in arms:
        changes = {**scenario.changes, **scenario.arm(name).changes}
        if changes:
            return f"'{name}' changes {', '.join(changes)} of the model, which no bench can"
    return ""


def _question(expectation: Expectation, place: int, scenario: Scenario) -> EffectQuestion:
    reading = expectation.reading
    low, high = _band(expectation)
    equivalence, size = low < 0.0 < high, None
    if not equivalence:  # to be shown is an effect, not its size
        size = (low if low > 0.0 else high) or None
        low, high = (0.0, math.inf) if low >= 0.0 else (-math.inf, 0.0)
    usual = scenario.growth_until if reading.quantity in ON_COUNTS else scenario.end
    time = usual if reading.reduce == "end" or reading.at is None else reading.at
    name = expectation.finding or expectation.claim
    return EffectQuestion(
        name, expectation.claim, reading.quantity, reading.arms, low, high, False, equivalence, size, time, place
    )  # fmt: skip


def _band(expectation: Expectation) -> tuple[float, float]:
    """The band of an expectation as one of a contrast: none is 0."""
    reading = expectation.reading
    low = -math.inf if expectation.above is None else expectation.above
    high = math.inf if expectation.below is None else expectation.below
    if reading.quantity == "GR":
        usual = 1.0 if reading.how == "arm" else 0.0
        return low - usual, high - usual
    return (low, high) if reading.how == "compare" else _as_logarithms(low, high, reading)


def _as_logarithms(low: float, high: float, reading: Reading) -> tuple[float, float]:
    """A band of a ratio."""
    if reading.take == "log":
        return low, high
    if reading.take == "loss":
        low, high = 1.0 - high, 1.0 - low
    per = 100.0 if reading.how == "arm" else 1.0
    return _log(low / per), _log(high / per)


def _log(ratio: float) -> float:
    return math.log(ratio) if ratio > 0.0 else -math.inf
