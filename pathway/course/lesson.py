"""What a lesson is: texts, code, and questions whose answers the model gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["number", "choice", "order", "experiment"]


@dataclass(frozen=True)
class Text:
    """Prose, as Markdown."""

    markdown: str


@dataclass(frozen=True)
class Code:
    """A cell of Python that students run."""

    source: str


@dataclass(frozen=True)
class Formula:
    """A Python expression over `pathway`, `np`, `math`, `scratch` and the lesson's values, computed for a judgment.

    Attributes
    ----------
    text : str
    place : str
        "file:line".
    """

    text: str
    place: str

    @property
    def names(self) -> frozenset[str]:
        """Names that occur in it."""
        return frozenset(node.id for node in ast.walk(ast.parse(self.text, mode="eval")) if isinstance(node, ast.Name))


@dataclass(frozen=True)
class WrongAnswer:
    """An answer that is often given, and what it is answered with.

    Attributes
    ----------
    answer : Formula, tuple of str or mapping
        Of a number, of an order, of an experiment.
    says : str
        Of an experiment nothing: the goal that is missed speaks.
    """

    answer: Any
    says: str = ""


@dataclass(frozen=True)
class Option:
    """One choice of several.

    Attributes
    ----------
    key : str
        "a", "b", ...
    text : str
    says : str
        To whoever chose it wrongly.
    holds : Formula or bool
        Whether it is right; a formula where the model decides.
    """

    key: str
    text: str
    says: str
    holds: Formula | bool


@dataclass(frozen=True)
class Goal:
    """What an experiment must reach: a reading and its band, as `[[expect]]` has them, and the words for a miss."""

    expect: Mapping[str, Any]
    says: str


@dataclass(frozen=True, eq=False)
class Question:
    """A question.

    Attributes
    ----------
    id : str
        "03.2": the second of lesson 03.
    kind : "number", "choice", "order" or "experiment"
    ask : str
        Markdown.
    hints : tuple of str
        One more after each wrong try.
    explain : str
        What is said to the right answer, Markdown; `{answer}` is the model's.
    place : str
        "file:line".
    predict : bool
        Whether students commit a prediction before they run the code that follows.
    unit : str
        Of a number; "1" has none.
    within : str
        How near a number must come: "5 %" of the answer, or "0.03".
    answer : Formula or None
        A number; the names of an order.
    wrong : tuple of WrongAnswer
    options : tuple of Option
        Of a choice.
    items : tuple of str
        Of an order, as they are offered.
    goals : tuple of Goal
        Of an experiment; the arm that the student makes is called "mine".
    solution : mapping
        An experiment that reaches all goals; there are others.
    """

    id: str
    kind: Kind
    ask: str
    hints: tuple[str, ...]
    explain: str
    place: str
    predict: bool = False
    unit: str = "1"
    within: str = "5 %"
    answer: Formula | None = None
    wrong: tuple[WrongAnswer, ...] = ()
    options: tuple[Option, ...] = ()
    items: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()
    solution: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_unit(self) -> str:
        """ " in nM"; nothing where there is no unit."""
        return f" in {self.unit}" if self.unit != "1" else ""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A lesson, from which notebook, sheet, page, notes and solutions are written.

    Attributes
    ----------
    number : str
        "03": what stands before the first underscore of the file's name.
    file : Path
    title : str
    minutes : int
    aims, prerequisites : tuple of str
    scenario : str
        What experiments start from, and what the explorer shows.
    teacher : str
        Notes, Markdown.
    values : mapping of str to Formula
        What several answers are read off.
    steps : tuple of Text, Code and Question
        In reading order.
    """

    number: str
    file: Path
    title: str
    minutes: int
    aims: tuple[str, ...]
    prerequisites: tuple[str, ...]
    scenario: str
    teacher: str
    values: Mapping[str, Formula]
    steps: tuple[Text | Code | Question, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """In their order."""
        return tuple(step for step in self.steps if isinstance(step, Question))

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """All that the model is asked for: values, right answers, wrong ones, options that hold."""
        values: list[Any] = [*self.values.values()]
        for question in self.questions:
            values += [question.answer, *(w.answer for w in question.wrong), *(o.holds for o in question.options)]
        return tuple(formula for formula in values if isinstance(formula, Formula))

    def steps_at_the_keyboard(self) -> Iterator[tuple[Literal["text", "code", "question", "predict", "answer"], Any]]:
        """Steps as a notebook has them: a predicted question is answered after the code that shows its answer."""
        waiting: list[Question] = []
        for step in self.steps:
            if isinstance(step, Text):
                yield "text", step
            elif isinstance(step, Code):
                yield "code", step
                yield from (("answer", question) for question in waiting)
                waiting = []
            else:
                yield "question", step
                if step.predict:
                    yield "predict", step
                    waiting.append(step)
                else:
                    yield "answer", step
        yield from (("answer", question) for question in waiting)
