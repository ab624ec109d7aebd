"""`pathway teach`: the course for a class."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console


class Task(StrEnum):
    """What can be done for a class."""

    start = "start"
    grade = "grade"
    site = "site"
    solutions = "solutions"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("teach", rich_help_panel="Teaching")(teach)


def teach(
    what: Annotated[
        Task,
        typer.Argument(
            help="start: a student's folder; grade: tabulate answer files; site: pages for a web server; "
            "solutions: answers and notes for the teacher"
        ),
    ],
    place: Annotated[
        Path, typer.Argument(help="The folder: to be written, or, for grade, with the answer files of a class")
    ],
    lesson: Annotated[
        list[Path] | None,
        typer.Option(help="A lesson of your own (.md), beside those of the course; again for more [default: none]"),
    ] = None,
    student: Annotated[
        str,
        typer.Option(help="start: a name for the file of answers [default: none; the file's or folder's name counts]"),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="grade: also a table by student, as CSV [default: not written]")
    ] = None,
    members: Annotated[int, typer.Option(min=0, max=400, help="site: members of the ensemble in each page")] = 100,
    workers: Annotated[int, typer.Option(min=1, help="grade: processes")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="grade: print one JSON object")] = False,
    force: Annotated[bool, console.FORCE] = False,
) -> int:
    """Teach a class: hand out ten lessons, tabulate what came back, put the course on a web server.

    Nothing is sent anywhere. Solutions are not locked away: they are computed where `teach solutions` is asked for, and
    whoever has the program can ask.
    """
    from pathway.course.folder import all_lessons, start_course, write_site, write_solutions

    from . import DONE

    lessons = all_lessons(lesson or ())
    if what is Task.grade:
        return _grade(place, lessons, out, workers, as_json, force)
    if what is Task.start:
        start_course(place, lessons, student, force)
        console.print_line(f"{place}: {len(lessons)} lessons; begin with README.md")
    elif what is Task.site:
        files = write_site(place, lessons, members, force)
        console.print_line(f"{place}: {files} files; put the folder on a web server, or open index.html")
    else:
        write_solutions(place, lessons, force)
        console.print_line(f"{place}: solutions.html, teachers_notes.html; not for students")
    return DONE


def _grade(folder: Path, lessons: Any, out: Path | None, workers: int, as_json: bool, force: bool) -> int:
    from pathway.course.grade import grade
    from pathway.folders import write_new_file
    from pathway.report.tables import csv_text

    from . import DONE

    graded = grade(folder, lessons, workers)
    for remark in graded.remarks:
        console.say(f"note: {remark}")
    header, rows = graded.by_question()
    if as_json:
        console.print_json(
            {
                "students": len(graded.students),
                "questions": [dict(zip(header, row, strict=True)) for row in rows],
                "remarks": list(graded.remarks),
            }
        )
    else:
        console.print_line(f"{len(graded.students)} students", style="bold")
        for row in rows:
            _print_question(*row)
    if out is not None:
        write_new_file(out, csv_text(*graded.by_student()), force)
    return DONE


def _print_question(
    question: str, answered: int, right: int, at_first: int, commonest: str, often: int, what_it_was: str
) -> None:
    console.print_line(f"{question}  {right} of {answered} right, {at_first} at the first try")
    if often:
        remark = f": {what_it_was}" if what_it_was else ""
        console.print_line(f"      {often} x  {commonest}{remark}")
