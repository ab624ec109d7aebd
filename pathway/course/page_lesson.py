"""A lesson for the explorer's page: plain facts, with the right answers that the model of now has."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from pathway.explorer import reading_facts

from .experiment import MINE, student_scenario
from .judge import number_key, right_options, right_order, wrong_orders
from .lesson import Lesson, Question, Text
from .outputs import code_outputs
from .pages import html_of
from .words import explanation

FORMAT = "pathway-lesson-1"


def page_lesson(lesson: Lesson) -> dict[str, Any]:
    """What the page needs to teach a lesson: instead of its code, what the code prints and draws.

    Returns
    -------
    dict
        As JSON can hold it: "steps" are texts, outputs (with "after": questions to be predicted before they are shown)
        and questions with what is right and what is answered to wrong answers.
    """
    return {
        "format": FORMAT,
        "number": lesson.number,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "aims": list(lesson.aims),
        "prerequisites": list(lesson.prerequisites),
        "scenario": lesson.scenario,
        "steps": list(_steps(lesson)),
    }


def _steps(lesson: Lesson) -> Iterator[Mapping[str, Any]]:
    outputs, predicted = iter(code_outputs(lesson)), []
    for step in lesson.steps:
        if isinstance(step, Text):
            yield {"html": html_of(step.markdown)}
        elif isinstance(step, Question):
            predicted += [step.id] if step.predict else []
            yield {"question": _question(lesson, step)}
        elif shown := next(outputs):
            yield {"html": shown, "after": list(predicted)}


def _question(lesson: Lesson, question: Question) -> dict[str, Any]:
    common = {
        "id": question.id,
        "kind": question.kind,
        "ask": html_of(question.ask),
        "predict": question.predict,
        "unit": question.unit,
        "hints": [html_of(hint) for hint in question.hints],
        "explain": html_of(explanation(lesson, question)),
    }
    return {**common, **_KEYS[question.kind](lesson, question)}


def _number(lesson: Lesson, question: Question) -> dict[str, Any]:
    key = number_key(lesson, question)
    wrong = [{"value": value, "tolerance": within, "says": says} for value, within, says in key.wrong]
    return {"right": {"value": key.right, "tolerance": key.tolerance}, "wrong": wrong}


def _choice(lesson: Lesson, question: Question) -> dict[str, Any]:
    holds = right_options(lesson, question)
    options = [{"key": o.key, "text": html_of(o.text), "right": holds[o.key], "says": o.says} for o in question.options]
    return {"options": options}


def _order(lesson: Lesson, question: Question) -> dict[str, Any]:
    items = list(question.items)
    random.Random(question.id).shuffle(items)
    wrong = [{"order": list(order), "says": says} for order, says in wrong_orders(lesson, question)]
    return {"items": items, "right_order": list(right_order(lesson, question)), "wrong": wrong}


def _experiment(lesson: Lesson, question: Question) -> dict[str, Any]:
    expected = student_scenario(lesson, question, {"arm": {}, "dose": {}}).expectations
    goals = [
        {"reading": reading_facts(e.reading), "above": e.above, "below": e.below, "says": goal.says}
        for goal, e in zip(question.goals, expected, strict=True)
    ]
    return {"arm": MINE, "goals": goals}


_KEYS = {"number": _number, "choice": _choice, "order": _order, "experiment": _experiment}
