"""Words for answers: how one is written, and what is said to a right one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pathway.numerals import plain_number

from .judge import number_key, right_options, right_order
from .lesson import Lesson, Question


def answer_text(answer: Any) -> str:
    """An answer in one line."""
    if isinstance(answer, bool) or answer is None:
        return str(answer)
    if isinstance(answer, int | float):
        return plain_number(answer, 3)
    if isinstance(answer, Mapping):
        arm = answer.get("arm", answer)
        parts = [f"{key}: {value}" for key, value in arm.items() if key != "name"] if isinstance(arm, Mapping) else []
        return ", ".join(parts).translate(str.maketrans("", "", "{}[]'")) or "an arm as it was"
    return ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def right_answer(lesson: Lesson, question: Question) -> str:
    """What the model makes the right answer, in one line; of an experiment, one of several."""
    if question.kind == "number":
        key = number_key(lesson, question)
        unit = f" {question.unit}" if question.unit != "1" else ""
        return f"{plain_number(key.right, 3)}{unit} (within {plain_number(key.tolerance, 2)})"
    if question.kind == "choice":
        options = {option.key: option.text for option in question.options}
        return next(f"{key}: {options[key]}" for key, holds in right_options(lesson, question).items() if holds)
    if question.kind == "order":
        return ", ".join(right_order(lesson, question))
    return f"for example {answer_text(question.solution)}"


def explanation(lesson: Lesson, question: Question) -> str:
    """What is said to a right answer, the model's number in it."""
    if "{answer}" not in question.explain:
        return question.explain.strip()
    if question.kind == "number":
        answer = answer_text(number_key(lesson, question).right)
    else:
        answer = right_answer(lesson, question)
    return question.explain.strip().replace("{answer}", answer)
