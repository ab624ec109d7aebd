"""A lesson file with a mistake: one line with file and line, what was found, what was expected."""

import pytest

from pathway.course import LessonError, read_lesson
from pathway.course.judge import number_key
from pathway.course.outputs import code_outputs
from pathway.course.read import find_lesson

LESSON = """+++
title = "Mine"
minutes = 10
aims = ["Add"]

[values]
two = '1 + 1'
+++
Text, with a block that is no cell:

```sh
pathway run mine.toml
```

```python
import pathway
```

```toml question
kind = "number"
ask = "Twice two?"
answer = 'two * two'
within = "0.1"
hints = ["Count."]
explain = "{answer}"
wrong = [{ answer = 'two + 3', says = "You added." }]
```
"""


def written(tmp_path, text):
    file = tmp_path / "mine_lesson.md"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_lesson_is_read(tmp_path):
    lesson = read_lesson(written(tmp_path, LESSON))
    assert (lesson.number, lesson.title, lesson.minutes) == ("mine", "Mine", 10)
    assert [type(step).__name__ for step in lesson.steps] == ["Text", "Code", "Question"]
    assert "pathway run mine.toml" in lesson.steps[0].markdown
    (question,) = lesson.questions
    assert question.id == "mine.1"
    key = number_key(lesson, question)
    assert (key.right, key.tolerance, key.wrong) == (4.0, 0.1, ((5.0, 0.1, "You added."),))
    assert find_lesson(str(lesson.file)).title == "Mine"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("+++\ntitle", "title", 1, r"begins with 'title = \"Mine\"', expected a line '\+\+\+'"),
        ('title = "Mine"', 'titel = "Mine"', 2, "no key 'titel'. Did you mean 'title'"),
        ("minutes = 10", 'minutes = "10"', 3, "'minutes' is '10'"),
        ("minutes = 10", "minutes = 10 min", 3, "not TOML"),
        ("two = '1 + 1'", "two = '1 + '", 7, "'1 \\+' is no Python expression"),
        ("two = '1 + 1'", "two = 'two + 1'", 7, "'two' is computed from itself"),
        ("two * two", "tow * two", 22, "'tow' is not known here. Did you mean 'two'"),
        ('kind = "number"', 'kind = "nummer"', 20, "question mine.1: 'kind' is 'nummer'; input should be 'number'"),
        ('hints = ["Count."]', "", 19, "question mine.1: 'hints' is missing"),
        ('within = "0.1"', 'within = "five"', 23, "'within' is 'five'"),
        (', says = "You added."', "", 26, "a wrong answer is not answered; expected 'says'"),
        ("answer = 'two * two'\n", "", 19, "'answer' is missing; a question of kind 'number' needs it"),
        ("import pathway", "import pathway as", 16, "not Python"),
        ("```toml question", "```toml", None, "has no question"),
        ('You added." }]\n```\n', 'You added." }]\n', 19, "the block ```toml question does not end"),
        ("aims = [", 'scenario = "antimir21_resensitise"\naims = [', 4, "Did you mean 'antimir21_resensitises'"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path, old, new, line, says):
    assert old in LESSON
    file = written(tmp_path, LESSON.replace(old, new, 1))
    with pytest.raises(LessonError, match=says) as caught:
        read_lesson(file)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(f"{file}:{line}: " if line else f"{file}: ")


def test_code_is_run_for_those_who_have_no_python(tmp_path):
    code = (
        "import matplotlib.pyplot as plt\nprint('a < b')\nfigure, axes = plt.subplots()\naxes.plot([1, 2])\nplt.show()"
    )
    lesson = read_lesson(written(tmp_path, LESSON.replace("import pathway", code)))
    (shown,) = code_outputs(lesson)
    assert shown.startswith("<pre>a &lt; b</pre><img ") and "data:image/png;base64," in shown and len(shown) < 20_000
    last = LESSON.replace("import pathway", "number = 2\nnumber + 1")
    assert code_outputs(read_lesson(written(tmp_path, last))) == ["<pre>3</pre>"]
    assert code_outputs(read_lesson(written(tmp_path, LESSON))) == [""]
    broken = read_lesson(written(tmp_path, LESSON.replace("import pathway", "1 / 0")))
    with pytest.raises(LessonError, match="cell 1 of its code fails: ZeroDivisionError"):
        code_outputs(broken)


def test_what_is_no_lesson_is_refused(tmp_path):
    with pytest.raises(LessonError, match="no such file; a lesson is a Markdown file"):
        read_lesson(tmp_path / "none.md")
    (tmp_path / "latin.md").write_bytes(b"+++\n\xff")
    with pytest.raises(LessonError, match="not UTF-8"):
        read_lesson(tmp_path / "latin.md")
    with pytest.raises(LessonError, match=r"there is no lesson '99'. There are 00, 01"):
        find_lesson("99")


def test_a_formula_that_fails_names_its_line(tmp_path):
    lesson = read_lesson(written(tmp_path, LESSON.replace("two * two", "two / (two - 2)")))
    with pytest.raises(
        LessonError, match=r"mine_lesson.md:22: 'two / \(two - 2\)' cannot be computed: ZeroDivisionError"
    ):
        number_key(lesson, lesson.questions[0])


def test_a_choice_that_the_model_makes_ambiguous_is_refused(tmp_path):
    block = LESSON.index("kind = ")
    text = (
        LESSON[:block]
        + """kind = "choice"
ask = "?"
hints = ["h"]
explain = "e"
[option.a]
text = "x"
says = "no"
holds = 'two == 2'
[option.b]
text = "y"
says = "no"
holds = 'two > 1'
```
"""
    )
    from pathway.course.judge import judge

    lesson = read_lesson(written(tmp_path, text))
    with pytest.raises(LessonError, match="expected one right option, the model makes it a, b"):
        judge(lesson, lesson.questions[0], "a")
