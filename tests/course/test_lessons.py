"""Every lesson of the course: its questions can be answered, rightly and wrongly, and uses what users have."""

import ast
import math

import pytest

import pathway
from pathway.course import lessons
from pathway.course.course import course
from pathway.course.judge import judge, number_key, right_options, right_order, wrong_orders
from pathway.course.lesson import Code
from pathway.course.live import live_values
from pathway.course.pages import wrong_answers
from pathway.course.words import explanation

QUESTIONS = [(lesson, question) for lesson in lessons().values() for question in lesson.questions]
IDS = [question.id for _, question in QUESTIONS]
NUMBERS = [(lesson, question) for lesson, question in QUESTIONS if question.kind == "number"]
PUBLIC = {"pathway", "numpy", "matplotlib.pyplot", "scipy.integrate", "scipy.optimize"}


def right_and_wrong(lesson, question):
    """An answer that is right, and wrong ones with what they must be answered with."""
    if question.kind == "number":
        key = number_key(lesson, question)
        return key.right, [(value, says) for value, _, says in key.wrong]
    if question.kind == "choice":
        holds = right_options(lesson, question)
        right = next(key for key, value in holds.items() if value)
        return right, [(option.key, option.says) for option in question.options if option.key != right]
    if question.kind == "order":
        return right_order(lesson, question), wrong_orders(lesson, question)
    says = {goal.says for goal in question.goals}
    return question.solution, [(wrong.answer, says) for wrong in question.wrong]


@pytest.mark.parametrize(("lesson", "question"), QUESTIONS, ids=IDS)
def test_a_question_has_a_check_a_hint_and_a_wrong_answer_that_is_answered(lesson, question):
    right, wrong = right_and_wrong(lesson, question)
    assert judge(lesson, question, right).right and explanation(lesson, question)
    assert question.hints and all(question.hints)
    assert wrong and wrong_answers(lesson, question)
    for answer, says in wrong:
        judgment = judge(lesson, question, answer)
        assert not judgment.right and judgment.says
        assert judgment.says in (says if isinstance(says, set) else {s for a, s in wrong if a == answer})


@pytest.mark.parametrize(("lesson", "question"), NUMBERS, ids=[q.id for _, q in NUMBERS])
def test_no_number_is_right_and_a_known_mistake_at_once(lesson, question):
    key = number_key(lesson, question)
    for value, tolerance, _ in key.wrong:
        assert math.isinf(value) or abs(value - key.right) > key.tolerance + tolerance


@pytest.mark.parametrize("lesson", lessons().values(), ids=list(lessons()))
def test_lessons_import_public_names_only(lesson):
    sources = [step.source for step in lesson.steps if isinstance(step, Code)]
    sources += [formula.text for formula in lesson.formulas]
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= PUBLIC
            if isinstance(node, ast.ImportFrom):
                assert node.module in PUBLIC - {"pathway"}
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "pathway":
                assert node.attr in pathway.__all__


@pytest.mark.parametrize("lesson", lessons().values(), ids=list(lessons()))
def test_every_value_of_a_lesson_is_used(lesson):
    used = set().union(*(formula.names for formula in lesson.formulas))
    assert lesson.values.keys() <= used


def test_answers_follow_the_model_and_not_the_file(monkeypatch):
    """With other numbers in the model, another answer is right: nothing is typed in."""
    lesson = lessons()["01"]
    question = next(q for q in lesson.questions if q.id == "01.2")
    usual = number_key(lesson, question).right
    live = live_values(lesson)
    run = pathway.run
    weaker = {"dose.trastuzumab": "0.05 ug/mL"}
    monkeypatch.setattr(
        pathway, "run", lambda name, **k: run(name, **{**k, "settings": {**k.get("settings", {}), **weaker}})
    )
    for cached in (number_key, live_values):
        cached.cache_clear()
    try:
        other = number_key(lesson, question)
        assert live_values(lesson) is not live and abs(other.right - usual) > 3 * other.tolerance
        assert not judge(lesson, question, usual).right and judge(lesson, question, other.right).right
    finally:
        for cached in (number_key, live_values):
            cached.cache_clear()


def test_paths_name_lessons_that_there_are():
    assert [path.name for path in course().paths] == ["One hour", "One day", "Six weeks"]
    assert {stop.lesson for path in course().paths for stop in path.stops} <= lessons().keys()
    assert len(lessons()) == 10
    assert all(
        lesson.aims and lesson.minutes and lesson.prerequisites and lesson.teacher for lesson in lessons().values()
    )
    assert any(question.predict for question in lessons()["03"].questions)
