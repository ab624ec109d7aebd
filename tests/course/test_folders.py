"""What `pathway teach` writes: for students, for the teacher, for a web server; and a class that is graded."""

import csv
import json
import random
import re
import sys
import time
import zipfile

import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.course import lessons, page_lesson
from pathway.course.judge import number_key, right_options
from pathway.course.live import live_values
from pathway.course.pages import html_of
from pathway.course.words import answer_text
from tests.course.test_lessons import QUESTIONS, right_and_wrong


def class_of(folder, size, seed=1):
    """Answer files of a simulated class; how often each question was answered, and rightly."""
    chance = random.Random(seed)
    folder.mkdir()
    known = {question.id: right_and_wrong(lesson, question) for lesson, question in QUESTIONS}
    count = {name: [0, 0] for name in known}
    for student in range(size):
        answers = {}
        for name, (right, wrong) in known.items():
            tries = [{"answer": chance.choice(wrong)[0]}] * (chance.random() < 0.6)
            if chance.random() < 0.7:
                tries.append({"answer": right, "verdict": "wrong"})
            if tries:
                answers[name] = {"tries": tries}
                count[name][0] += 1
                count[name][1] += tries[-1]["answer"] == right
        text = json.dumps({"format": "pathway-answers-1", "student": f"Student {student}", "answers": answers})
        (folder / f"answers_{student}.json").write_text(text)
    return count


def test_a_class_of_60_is_graded_in_less_than_ten_seconds(tmp_path, capsys):
    """Whatever verdicts the files hold: every answer is judged anew."""
    count = class_of(tmp_path / "class", 60)
    started = time.process_time()
    assert (
        main(["teach", "grade", str(tmp_path / "class"), "--json", "--workers", "1", "--out", str(tmp_path / "c.csv")])
        == DONE
    )
    assert time.process_time() - started < 10.0
    table = json.loads(capsys.readouterr().out)
    assert table["students"] == 60 and not table["remarks"]
    assert {row["question"]: [row["answered"], row["right"]] for row in table["questions"]} == count
    divided = next(row for row in table["questions"] if row["question"] == "04.1")
    assert divided["how often"] > 0 and divided["commonest wrong answer"]
    rows = list(csv.reader((tmp_path / "c.csv").read_text().splitlines()))
    assert len(rows) == 61 and rows[0][:3] == ["student", "right", "00.1"]


def test_processes_change_nothing_and_leave_nothing(tmp_path, capsys, monkeypatch):
    class_of(tmp_path / "class", 3)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    tables = []
    for workers in ("1", "2"):
        assert main(["teach", "grade", str(tmp_path / "class"), "--json", "--workers", workers]) == DONE
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert not list((tmp_path / "temporary").glob("pathway_course_*"))


def test_what_cannot_be_graded_is_told_and_the_rest_is_graded(tmp_path, capsys):
    good = {"format": "pathway-answers-1", "answers": {"04.1": {"tries": [{"answer": 0.1}, {"answer": 0.3}]}}}
    for name, content in {
        "ada/answers.json": json.dumps(good),
        "ben/answers.json": json.dumps({**good, "answers": {"04.1": {"tries": [{"answer": "x"}]}, "4.1": {}}}),
        "broken.json": "{",
        "other.json": "[1]",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert main(["teach", "grade", str(tmp_path)]) == DONE
    shown = capsys.readouterr()
    assert "2 students" in shown.out and "added" in shown.out
    assert len(shown.err.strip().splitlines()) == 4
    for said in (
        "broken.json: cannot be read",
        "other.json: format None",
        "question 4.1: not in this course",
        "ben: question 04.1 asks",
    ):
        assert said in shown.err
    assert main(["teach", "grade", str(tmp_path / "none")]) == BAD_INPUT
    (tmp_path / "empty").mkdir()
    assert main(["teach", "grade", str(tmp_path / "empty")]) == BAD_INPUT
    assert "holds no answer file" in capsys.readouterr().err


def test_what_needs_a_library_that_is_absent_is_left_out_and_named(tmp_path, capsys, monkeypatch):
    for cached in (number_key, right_options, live_values):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "lifelines", None)
    answers = {"08.1": {"tries": [{"answer": 3.21}]}, "08.7": {"tries": [{"answer": "a"}]}}
    text = json.dumps({"format": "pathway-answers-1", "student": "Ada", "answers": answers})
    (tmp_path / "ada.json").write_text(text)
    assert main(["teach", "grade", str(tmp_path), "--json"]) == DONE
    table = json.loads(capsys.readouterr().out)
    assert [row["question"] for row in table["questions"]] == ["08.1"]
    assert "question 08.7 is left out" in table["remarks"][0] and "extra 'clinic'" in table["remarks"][0]
    for cached in (number_key, right_options, live_values):
        cached.cache_clear()


def test_a_course_is_started_and_started_again(tmp_path, capsys):
    place = tmp_path / "course"
    assert main(["teach", "start", str(place), "--student", "Ada"]) == DONE
    assert {p.name for p in place.iterdir()} == {
        "README.md",
        "answers.json",
        "data",
        "manifest.json",
        "notebooks",
        "sheets",
    }
    assert len(list((place / "notebooks").iterdir())) == len(list((place / "sheets").iterdir())) == 10
    assert {"antimir21_resensitises.toml", "fit_a_blot.toml", "fit_a_blot.csv"} == {
        p.name for p in (place / "data").iterdir()
    }
    (place / "answers.json").write_text(json.dumps({"format": "pathway-answers-1", "student": "A", "answers": {}}))
    (place / "notebooks" / "01_first_run.ipynb").write_text("mine")
    assert main(["teach", "start", str(place)]) == DONE
    assert json.loads((place / "answers.json").read_text())["student"] == "A"
    assert (place / "notebooks" / "01_first_run.ipynb.kept").read_text() == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").touch()
    assert main(["teach", "start", str(tmp_path / "other")]) == BAD_INPUT
    assert "holds something else than a course" in capsys.readouterr().err


def test_students_get_no_answers(tmp_path):
    """Neither in notebooks nor on sheets: explanations, hints and what wrong answers are told stay in the program."""
    main(["teach", "start", str(tmp_path / "course")])
    handed_out = "".join(
        p.read_text() for p in (tmp_path / "course").rglob("*") if p.suffix in (".ipynb", ".html", ".md")
    )
    for _, question in QUESTIONS:
        assert question.id in handed_out and question.explain not in handed_out
        says = [w.says for w in question.wrong if w.says] + [o.says for o in question.options if o.says]
        assert not any(words in handed_out for words in (*says, *question.hints, *(g.says for g in question.goals)))


def test_solutions_have_every_answer_and_notes_every_path(tmp_path):
    assert main(["teach", "solutions", str(tmp_path / "teacher")]) == DONE
    text = (tmp_path / "teacher" / "solutions.html").read_text()
    for lesson, question in QUESTIONS:
        assert f"<h3>{question.id}</h3>" in text
        if question.kind == "number":
            assert answer_text(right_and_wrong(lesson, question)[0]) in text
    notes = (tmp_path / "teacher" / "teachers_notes.html").read_text()
    assert all(f"<h2>{name}</h2>" in notes for name in ("One hour", "One day", "Six weeks"))


def test_a_site_is_static_and_links_within_itself(tmp_path):
    assert main(["teach", "site", str(tmp_path / "site"), "--members", "2"]) == DONE
    index = (tmp_path / "site" / "index.html").read_text()
    links = re.findall(r'href="([^"]+)"', index)
    assert len(links) == 21 and all((tmp_path / "site" / link).is_file() for link in links)
    with zipfile.ZipFile(tmp_path / "site" / "course.zip") as archive:
        assert "course/notebooks/03_dose_response.ipynb" in archive.namelist()
    for file in (tmp_path / "site").rglob("*.html"):
        assert not re.search(r'(?:src|href)="(?:https?:)?//', file.read_text())


@pytest.mark.slow
def test_a_lesson_with_two_hundred_members_is_small_enough(tmp_path):
    assert main(["teach", "site", str(tmp_path / "site")]) == DONE
    pages = [file for file in (tmp_path / "site").glob("*.html") if file.stem != "index"]
    assert len(pages) == 10 and max(file.stat().st_size for file in pages) < 400_000


def test_a_site_is_refused_before_its_lessons_are_run(tmp_path, monkeypatch, capsys):
    monkeypatch.delattr("pathway.course.folder.page_lesson")
    (tmp_path / "x").touch()
    assert main(["teach", "site", str(tmp_path)]) == BAD_INPUT
    assert "holds something else than a course site" in capsys.readouterr().err


@pytest.mark.parametrize("lesson", lessons().values(), ids=list(lessons()))
def test_the_page_gets_plain_facts_with_live_answers(lesson):
    facts = json.loads(json.dumps(page_lesson(lesson), allow_nan=False))
    asked = {step["question"]["id"]: step["question"] for step in facts["steps"] if "question" in step}
    assert list(asked) == [question.id for question in lesson.questions]
    for question in lesson.questions:
        if question.kind == "number":
            assert asked[question.id]["right"]["value"] == pytest.approx(right_and_wrong(lesson, question)[0])
        if question.kind == "choice":
            right = [option["key"] for option in asked[question.id]["options"] if option["right"]]
            assert right == [right_and_wrong(lesson, question)[0]]
        if question.kind == "experiment":
            assert [goal["says"] for goal in asked[question.id]["goals"]] == [goal.says for goal in question.goals]
            assert all(goal["reading"]["quantity"] for goal in asked[question.id]["goals"])


def test_tags_in_a_text_are_shown_and_not_obeyed():
    assert (
        html_of("<script>alert(1)</script> **b**")
        == "<p>&lt;script&gt;alert(1)&lt;/script&gt; <strong>b</strong></p>\n"
    )
