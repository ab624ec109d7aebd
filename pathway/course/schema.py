"""The keys that a lesson file may use, and what each is for: the reference is written from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Table(BaseModel):
    """A table whose keys are all known, and whose text stays text."""

    model_config = ConfigDict(extra="forbid", strict=True)


class HeadTable(Table):
    """The head of a lesson, between two lines `+++`."""

    title: str = Field(description="What it is called")
    minutes: int = Field(gt=0, description="How long it takes, at a keyboard")
    aims: list[str] = Field(min_length=1, description="What students can do afterwards, a sentence each")
    prerequisites: list[str] = Field([], description="Lessons or knowledge that come before it")
    scenario: str = Field(
        "antimir21_resensitises", description="The scenario in which experiments are made and which the page shows"
    )
    teacher: str = Field("", description="Notes for the teacher, Markdown")
    values: dict[str, str] = Field(
        {}, description="Names for Python expressions that several answers need; each is computed once, when needed"
    )


class WrongAnswerTable(Table):
    """An answer that is often given."""

    answer: str | list[str] | dict[str, Any] = Field(
        description="As the right one: an expression, a list of names, or an arm that misses a goal"
    )
    says: str = Field("", description="What it is answered with; of an experiment, the missed goal speaks")


class OptionTable(Table):
    """One choice, `[option.a]`."""

    text: str = Field(description="What can be chosen")
    says: str = Field("", description="What it is answered with where it is wrong")
    right: bool = Field(False, description="Whether it is right, whatever the model says")
    holds: str | None = Field(None, description="Or an expression that the model makes true where it is right")


class QuestionTable(Table):
    """A block ```` ```toml question ````; questions of a lesson are numbered in their order."""

    kind: Literal["number", "choice", "order", "experiment"] = Field(description="What is asked for")
    ask: str = Field(description="The question, Markdown")
    hints: list[str] = Field(min_length=1, description="One more after each wrong try")
    explain: str = Field(description="What the right answer is answered with; `{answer}` is the model's")
    predict: bool = Field(False, description="Whether a prediction is asked for before the code that follows is run")
    unit: str = Field("1", description="Of a number")
    within: str = Field(
        "5 %",
        pattern=r"^\d+(\.\d+)?( ?%)?$",
        description="How near a number must come: a share of it, or a number in its unit; always less than half of the "
        "way to the nearest wrong answer",
    )
    answer: str | None = Field(
        None, description="Of a number or an order: the Python expression that the model answers"
    )
    wrong: list[WrongAnswerTable] = Field([], description="Wrong answers that are often given")
    option: dict[str, OptionTable] = Field({}, description="Of a choice: `[option.a]` and so on, exactly one right")
    items: list[str] = Field([], description="Of an order: the names, as they are offered")
    goal: list[dict[str, Any]] = Field(
        [],
        description="Of an experiment: `[[goal]]` with the keys of a scenario's `[[expect]]` and `says`, the answer to "
        "whoever misses it; the student's arm is called `mine`",
    )
    solution: dict[str, Any] = Field({}, description="Of an experiment: an arm that reaches all goals")


NEEDED: Mapping[str, tuple[str, ...]] = {
    "number": ("answer", "wrong"),
    "choice": ("option",),
    "order": ("answer", "items", "wrong"),
    "experiment": ("goal", "solution", "wrong"),
}
"""Keys without which a question of a kind cannot be judged, or a wrong answer not be answered."""
