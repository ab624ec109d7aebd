"""Every key of a lesson file, from the classes that read it, and the file of answers."""

from __future__ import annotations

from pydantic import BaseModel

from pathway.course.answers import FORMAT
from pathway.course.schema import NEEDED, HeadTable, OptionTable, QuestionTable, WrongAnswerTable

from . import markdown

HEAD = """# The lesson file, and the file of answers

A lesson is Markdown: text, cells of code (a block `python`) and questions (a block `toml question`), in reading
order. `pathway teach` writes notebook, sheet, page, notes and solutions from it; a mistake is told in one line with
file and line. Expressions are Python over the public names of `pathway`, `np`, `math` and `scratch` (a folder that
is deleted afterwards), and the lesson's own
`[values]`. [Teach a class](../tutorials/teach_a_class.md) has an example.

"""
ANSWERS = f"""## The file of answers

`pathway.check` keeps it in the students' folder, the explorer hands it out, `pathway teach grade` reads it. JSON:

```json
{{"format": "{FORMAT}", "student": "Ada L.", "written_by": "pathway 0.1.0",
 "answers": {{"03.2": {{"prediction": 0.5, "tries": [{{"answer": 0.56}}, {{"answer": 0.37}}]}}}}}}
```

An `answer` is a number, the letter of a choice, the list of an order, or the tables `arm` and `dose` of an experiment.
A student without a name is called as the file or its folder. Other keys are ignored, a verdict among them: answers are
judged anew.
"""
TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("Head", HeadTable),
    ("Question", QuestionTable),
    ("Option of a choice", OptionTable),
    ("Wrong answer", WrongAnswerTable),
)


def pages() -> dict[str, str]:
    """The reference of lesson files."""
    kinds = [[f"`{kind}`", ", ".join(f"`{key}`" for key in keys)] for kind, keys in NEEDED.items()]
    needed = "## What each kind of question needs\n\n" + markdown.table(
        ["kind", "besides `ask`, `hints`, `explain`"], kinds
    )
    return {"reference/lesson_file": HEAD + "\n".join(_section(*one) for one in TABLES) + f"\n{needed}\n{ANSWERS}"}


def _section(title: str, table: type[BaseModel]) -> str:
    rows = [
        [f"`{name}`", "needed" if field.is_required() else "", str(field.description)]
        for name, field in table.model_fields.items()
    ]
    return f"## {title}\n\n{markdown.table(['key', '', 'meaning'], rows)}"
