"""Experiments of students: an arm of their own in the lesson's scenario, run and judged by the engine."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pathway.errors import InputError, NumericalError, did_you_mean
from pathway.scenario import ScenarioError, built_in_laboratory, read_scenario
from pathway.scenario.experiment import Scenario
from pathway.scenario.read import find_scenario
from pathway.scenario.run import run_scenario
from pathway.scenario.schema import Arm

from .lesson import Goal, Lesson, Question

MINE = "mine"
"""What the student's arm is called, in goals too."""
_TABLES = ("arm", "dose")


class ExperimentError(InputError):
    """An experiment that cannot be run; one line. It does not count as a try."""


def missed_goal(lesson: Lesson, question: Question, answer: Any) -> Goal | None:
    """The first goal that an experiment misses; None if it reaches all.

    Parameters
    ----------
    lesson : Lesson
    question : Question
    answer : mapping or str
        An arm as `[[arm]]` of a scenario has it, or {"arm": an arm, "dose": {name: dose}}; a text is read as TOML.

    Raises
    ------
    ExperimentError
        If it is no experiment, or one that cannot be run.
    """
    scenario = student_scenario(lesson, question, experiment_tables(answer))
    try:
        verdicts = run_scenario(scenario).verdicts
    except NumericalError as error:
        raise ExperimentError(f"the experiment cannot be computed: {error}") from None
    return next((goal for goal, v in zip(question.goals, verdicts, strict=True) if not v.met), None)


def experiment_tables(answer: Any) -> dict[str, Any]:
    """The tables "arm" and "dose" of an answer, as plain values that JSON can hold."""
    if isinstance(answer, str):
        try:
            answer = tomllib.loads(answer)
        except ValueError as error:
            raise ExperimentError(f"the experiment is not TOML: {error}") from None
    if not isinstance(answer, Mapping):
        raise ExperimentError(f"expected an arm such as {{'doses': ['trastuzumab']}}, got {answer!r:.60}")
    tables = dict(answer) if "arm" in answer else {"arm": dict(answer)}
    for key in tables:
        if key not in _TABLES:
            raise ExperimentError(f"an experiment has no table '{key}'.{did_you_mean(key, _TABLES)} Expected arm, dose")
    arm = tables["arm"][0] if isinstance(tables["arm"], list) and tables["arm"] else tables["arm"]
    doses = tables.get("dose", {})
    if not isinstance(arm, Mapping) or not isinstance(doses, Mapping):
        raise ExperimentError("'arm' and 'dose' are tables, as a scenario has them")
    for key in arm:
        if key not in Arm.model_fields:
            raise ExperimentError(f"an arm has no key '{key}'.{did_you_mean(key, Arm.model_fields)}")
    try:
        plain: dict[str, Any] = json.loads(json.dumps({"arm": dict(arm), "dose": dict(doses)}, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ExperimentError(f"the experiment holds what no scenario can hold: {error}") from None
    return plain


def student_scenario(lesson: Lesson, question: Question, tables: Mapping[str, Any]) -> Scenario:
    """The lesson's scenario with the student's arm as "mine", and the question's goals as what is expected.

    Raises
    ------
    ExperimentError
        If the scenario cannot be run so.
    """
    cells = tables["arm"].get("cells")
    if cells is not None and cells not in built_in_laboratory().cell_lines:
        raise ExperimentError(
            f"there are no cells '{cells}'.{did_you_mean(str(cells), built_in_laboratory().cell_lines)}"
        )
    document = tomllib.loads(find_scenario(lesson.scenario).read_text(encoding="utf-8"))
    for key in ("data", "fit", "analyze"):
        document.pop(key, None)
    arm, doses = _apart(tables["arm"], tables["dose"], document.get("dose", {}))
    document["arm"] = [*document["arm"], {**arm, "name": MINE}]
    document["dose"] = {**document.get("dose", {}), **doses}
    document["expect"] = [{"claim": goal.says, "role": "sanity", **goal.expect} for goal in question.goals]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{lesson.scenario}.toml"
        file.write_text("".join(f"{key} = {_inline(value)}\n" for key, value in document.items()), encoding="utf-8")
        try:
            return read_scenario(file)
        except ScenarioError as error:
            raise ExperimentError("; ".join(mistake.text for mistake in error.mistakes)) from None


def _apart(
    arm: Mapping[str, Any], doses: Mapping[str, Any], others: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The student's arm and doses, these under names of their own: a changed dose must not change the other arms."""
    names = {
        name: f"{name} ({MINE})" if name in others and dose != others[name] else name for name, dose in doses.items()
    }
    dose_names = arm.get("doses")
    if isinstance(dose_names, list):
        arm = {**arm, "doses": [names.get(name, name) if isinstance(name, str) else name for name in dose_names]}
    return dict(arm), {names[name]: dose for name, dose in doses.items()}


def _inline(value: Any) -> str:
    """A value in one line of TOML; its strings are those of JSON."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_inline(str(key))} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
