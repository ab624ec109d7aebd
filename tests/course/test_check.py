"""`pathway.check` as a student meets it, and the file that it keeps."""

import json

import numpy as np
import pytest

import pathway
from pathway.course import lessons
from pathway.course.answers import AnswerFileError, course_folder, kept_answers, read_answers
from pathway.course.check import find_question
from pathway.course.experiment import experiment_tables, student_scenario
from pathway.course.folder import start_course
from pathway.course.judge import AnswerError, number_key
from pathway.course.words import answer_text
from pathway.errors import UnknownNameError
from pathway.scenario.run import run_scenario
from tests.course.test_read import LESSON


@pytest.fixture
def in_course(tmp_path, monkeypatch):
    """A student's folder, and the student in its notebooks."""
    start_course(tmp_path / "course", lessons(), "Ada L.")
    monkeypatch.chdir(tmp_path / "course" / "notebooks")
    return tmp_path / "course"


def truth(question):
    lesson = lessons()[question.partition(".")[0]]
    return number_key(lesson, next(q for q in lesson.questions if q.id == question))


def test_the_common_wrong_answer_is_answered(in_course):
    both = pathway.run("antimir21_resensitises", ensemble="none").arms["both"]
    wrong = pathway.check("03.2", round(both.percent_of_untreated / 100, 3))
    assert wrong.right is False and "You divided by untreated; GR divides rates." in wrong.sentences
    assert wrong.sentences[-1].startswith("Hint: The control of `both`")
    assert "<code>both</code>" in wrong._repr_html_()
    again = pathway.check("03.2", 17.0)
    assert again.sentences[-1].startswith("Hint: log2") and len(again.sentences) == 2
    right = pathway.check("03.2", np.float64(both.growth.gr))
    assert right.right and "03.2: right." in repr(right) and "<div" in right._repr_html_()
    kept = json.loads((in_course / "answers.json").read_text())
    assert kept["student"] == "Ada L." and kept["format"] == "pathway-answers-1"
    assert [one["answer"] for one in kept["answers"]["03.2"]["tries"]][1:] == [17.0, both.growth.gr]


def test_a_prediction_is_kept_and_compared(in_course):
    noted = pathway.check("03.1", prediction=50)
    assert noted.right is None and "predicted 50" in repr(noted)
    assert "The first prediction counts" in repr(pathway.check("03.1", prediction=20))
    told = repr(pathway.check("03.1", truth("03.1").right))
    assert f"You predicted 50; the model says {answer_text(truth('03.1').right)}." in told


def test_nothing_is_written_outside_of_a_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert course_folder(tmp_path) is None
    assert pathway.check("04.1", 0.3).right
    assert "not kept" in repr(pathway.check("03.1", prediction=3))
    assert not list(tmp_path.iterdir())


def test_no_answer_yet():
    assert pathway.check("03.2", ...).right is None and "no answer yet" in repr(pathway.check("03.2"))


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        ("03.2", "0.4", "question 03.2 asks for a number, got '0.4'"),
        ("03.1", float("nan"), "asks for a number in %, got nan"),
        ("03.2", True, "asks for a number"),
        ("03.3", "d", 'asks for one of "a", "b", "c", got \'d\''),
        ("04.5", ["with trastuzumab"], "asks for a list of"),
        (
            "04.5",
            ["with trastuzumab", "48 h after", "48 h before trastuzumab"],
            "Did you mean '48 h after trastuzumab'",
        ),
        ("05.5", {"doses": ["trastuzumap"]}, "Did you mean 'trastuzumab'"),
        ("05.5", {"dosis": ["trastuzumab"]}, "an arm has no key 'dosis'. Did you mean 'doses'"),
        ("05.5", {"cells": "./mine.toml"}, "there are no cells './mine.toml'"),
        ("05.5", {"arm": {}, "expect": []}, "no table 'expect'"),
        ("05.5", 3, "expected an arm"),
        ("05.5", "[arm", "not TOML"),
    ],
)
def test_what_is_no_answer_is_told_and_no_try(in_course, question, answer, says):
    with pytest.raises(ValueError) as caught:
        pathway.check(question, answer)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert not kept_answers(in_course).answered


def test_an_experiment_may_be_toml_too(in_course):
    text = '[arm]\ncells = "bt474"\ndoses = ["trastuzumab"]\nknock_down = { PTEN = "85 %" }\n'
    assert pathway.check("01.5", text).right
    assert kept_answers(in_course).answered["01.5"].tries[0]["arm"]["knock_down"] == {"PTEN": "85 %"}


def test_a_dose_that_is_changed_is_changed_in_the_students_arm_alone():
    """As the explorer hands it out: all doses of the scenario, one of them moved."""
    lesson, question = find_question("05.5")
    given = {"agent": "trastuzumab", "amount": "0.001 ug/mL", "at": "0 h"}
    tables = {"arm": {"doses": ["trastuzumab"]}, "dose": {"trastuzumab": given}}
    result = run_scenario(student_scenario(lesson, question, experiment_tables(tables)))
    usual = pathway.run("antimir21_resensitises", ensemble="none")
    assert result.arms["parental"].growth.gr == pytest.approx(usual.arms["parental"].growth.gr, rel=1e-9)
    assert result.arms["mine"].growth.gr == pytest.approx(1.0, abs=0.02)
    assert usual.arms["trastuzumab"].growth.gr < 0.9


def test_a_question_that_there_is_not():
    with pytest.raises(UnknownNameError, match=r"there is no question '03.9'. Lesson 03 has 03.1, 03.2"):
        pathway.check("03.9", 1)
    with pytest.raises(UnknownNameError, match=r"There are 00.1 to 09.8"):
        pathway.check("x", 1)


def test_a_damaged_file_of_answers_is_not_written_over(in_course):
    (in_course / "answers.json").write_text("{")
    with pytest.raises(AnswerFileError, match=r"answers\.json: cannot be read as answers"):
        pathway.check("04.1", 0.3)
    assert (in_course / "answers.json").read_text() == "{"
    (in_course / "answers.json").write_text('{"format": "other"}')
    with pytest.raises(AnswerFileError, match="format 'other', expected 'pathway-answers-1'"):
        read_answers(in_course / "answers.json")


def test_a_lesson_of_the_teachers_own_is_checked_in_its_course(tmp_path, monkeypatch):
    from pathway.course.folder import all_lessons

    (tmp_path / "mine_lesson.md").write_text(LESSON)
    start_course(tmp_path / "course", all_lessons([tmp_path / "mine_lesson.md"]))
    monkeypatch.chdir(tmp_path / "course" / "notebooks")
    assert pathway.check("mine.1", 4.0).right and "You added." in repr(pathway.check("mine.1", 5))


def test_the_kind_of_an_error_is_one_of_ours():
    with pytest.raises(AnswerError):
        pathway.check("04.1", None)
