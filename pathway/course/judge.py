"""Whether an answer is right, judged by the model as it is now; and what a common wrong answer is answered with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import Any

from pathway.errors import InputError, did_you_mean

from .experiment import missed_goal
from .lesson import Formula, Lesson, Question
from .live import live_values
from .read import LessonError

NEAREST = 0.45
"""Share of the way to the nearest wrong answer that a tolerance takes at most, so that no answer is both."""
APART = 0.3
"""Of the tolerance that a question asks for: a wrong answer nearer than that cannot be told from the right one."""


class AnswerError(InputError):
    """An answer of the wrong kind; one line. It does not count as a try."""


@dataclass(frozen=True)
class Judgment:
    """What is to be said of an answer.

    Attributes
    ----------
    right : bool
    says : str
        To a wrong answer that is known: what was probably done. Otherwise nothing.
    """

    right: bool
    says: str = ""


@dataclass(frozen=True)
class NumberKey:
    """The right number, its tolerance, and wrong numbers that can be told from it, each (number, tolerance, words)."""

    right: float
    tolerance: float
    wrong: tuple[tuple[float, float, str], ...]


def judge(lesson: Lesson, question: Question, answer: Any) -> Judgment:
    """The judgment on one answer.

    Parameters
    ----------
    lesson : Lesson
    question : Question
        Of that lesson.
    answer : float, str, sequence of str, or mapping
        As the question's kind asks.

    Raises
    ------
    AnswerError
        If it is no answer to such a question.
    LessonError
        If the right one cannot be computed.
    """
    return _JUDGES[question.kind](lesson, question, answer)


@cache
def number_key(lesson: Lesson, question: Question) -> NumberKey:
    """What the model makes of a question for a number.

    The tolerance is what the question asks for, but ends well before the nearest wrong answer; a wrong answer that the
    model of today makes equal to the right one is left out.
    """
    live = live_values(lesson)
    right = _number(live.value(question.answer), question.answer) if question.answer else math.nan
    wished = tolerance_of(question.within, right)
    wrong = [(_number(live.value(w.answer), w.answer), w.says) for w in question.wrong]
    wrong = [(value, says) for value, says in wrong if abs(value - right) > APART * wished]
    gap = min((abs(value - right) for value, _ in wrong), default=math.inf)
    return NumberKey(
        right,
        min(wished, NEAREST * gap),
        tuple((v, min(tolerance_of(question.within, v), NEAREST * abs(v - right)), says) for v, says in wrong),
    )


def tolerance_of(within: str, value: float) -> float:
    """ "5 %" of a value, or a number as it stands; of what is infinite, 0."""
    if math.isinf(value):
        return 0.0
    return float(within.rstrip("% ")) / 100.0 * abs(value) if within.endswith("%") else float(within)


@cache
def right_options(lesson: Lesson, question: Question) -> dict[str, bool]:
    """Which options of a choice hold.

    Raises
    ------
    LessonError
        If that is not exactly one.
    """
    live = live_values(lesson)
    holds = {
        option.key: bool(live.value(option.holds)) if isinstance(option.holds, Formula) else option.holds
        for option in question.options
    }
    if sum(holds.values()) != 1:
        named = ", ".join(key for key, right in holds.items() if right) or "none"
        raise LessonError(
            f"{question.place}: question {question.id}: expected one right option, the model makes it {named}"
        )
    return holds


@cache
def right_order(lesson: Lesson, question: Question) -> tuple[str, ...]:
    """The names of an order, in the model's order."""
    names = tuple(live_values(lesson).value(question.answer)) if question.answer else ()
    if sorted(names) != sorted(question.items):
        raise LessonError(f"{question.place}: question {question.id}: the answer orders {names}, expected the items")
    return names


def wrong_orders(lesson: Lesson, question: Question) -> list[tuple[tuple[str, ...], str]]:
    """Orders that are wrong today and answered, with the words."""
    live = live_values(lesson)
    orders = [
        (tuple(live.value(w.answer)) if isinstance(w.answer, Formula) else tuple(w.answer), w.says)
        for w in question.wrong
    ]
    return [(order, says) for order, says in orders if order != right_order(lesson, question)]


def _number(value: Any, formula: Formula) -> float:
    if isinstance(value, Real) and not math.isnan(value):
        return float(value)
    raise LessonError(f"{formula.place}: '{formula.text[:80]}' is {value!r}, expected a number")


def _judge_number(lesson: Lesson, question: Question, answer: Any) -> Judgment:
    if isinstance(answer, bool) or not isinstance(answer, Real) or math.isnan(answer):
        raise AnswerError(f"question {question.id} asks for a number{question.in_unit}, got {answer!r:.60}")
    key = number_key(lesson, question)
    if _near(float(answer), key.right, key.tolerance):
        return Judgment(True)
    known = [(abs(float(answer) - value), says) for value, within, says in key.wrong if _near(answer, value, within)]
    return Judgment(False, min(known, key=lambda one: one[0])[1] if known else "")


def _near(answer: Real | float, value: float, tolerance: float) -> bool:
    return bool(answer == value or abs(float(answer) - value) <= tolerance)


def _judge_choice(lesson: Lesson, question: Question, answer: Any) -> Judgment:
    options = {option.key: option for option in question.options}
    word = answer.strip().lower() if isinstance(answer, str) else answer
    if not isinstance(word, str) or word not in options:
        raise AnswerError(f"question {question.id} asks for one of {_listed(options)}, got {answer!r:.60}")
    right = right_options(lesson, question)[word]
    return Judgment(right, "" if right else options[word].says)


def _judge_order(lesson: Lesson, question: Question, answer: Any) -> Judgment:
    words = tuple(answer) if isinstance(answer, Sequence) and not isinstance(answer, str) else ()
    if not all(isinstance(word, str) for word in words) or sorted(words) != sorted(question.items):
        odd = [word for word in words if isinstance(word, str) and word not in question.items]
        near = did_you_mean(odd[0], question.items) if odd else ""
        raise AnswerError(
            f"question {question.id} asks for a list of {_listed(question.items)}, each once{near and '.'}{near}"
        )
    if words == right_order(lesson, question):
        return Judgment(True)
    return Judgment(False, dict(wrong_orders(lesson, question)).get(words, ""))


def _judge_experiment(lesson: Lesson, question: Question, answer: Any) -> Judgment:
    goal = missed_goal(lesson, question, answer)
    return Judgment(goal is None, goal.says if goal else "")


_JUDGES: Mapping[str, Callable[[Lesson, Question, Any], Judgment]] = {
    "number": _judge_number,
    "choice": _judge_choice,
    "order": _judge_order,
    "experiment": _judge_experiment,
}


def _listed(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)
