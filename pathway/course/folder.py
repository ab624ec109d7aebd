"""Folders of the course: for a student, for the teacher, for a web server."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pathway.explorer import explorer_page
from pathway.folders import new_folder
from pathway.report.provenance import package_version
from pathway.scenario import read_scenario
from pathway.scenario.read import find_scenario

from .answers import COURSE, FILE, AnswerSheet, keep_answers
from .check import OWN_LESSONS
from .course import course
from .lesson import Lesson
from .notebook_file import notebook_text
from .page_lesson import page_lesson
from .pages import overview, sheet, solutions, teachers_notes
from .read import FOLDER, LessonError, lessons, read_lesson

WELCOME = """# {title}
{welcome}
Begin with lesson {first}: `jupyter lab notebooks`, or open the folder in an editor that shows notebooks. It needs this
program and a notebook program: `pip install "mir21-pathway[notebook,clinic]" jupyterlab`.

* `notebooks/`: the lessons. Guess first, then run, then answer in place of the dots: `pathway.check("03.2", 0.5)`.
* `sheets/`: the same questions to print, without code.
* `data/`: scenarios and measurements that the lessons use, to look at and to change.
* `{file}`: your answers, kept by `pathway.check`; it is what your teacher asks for. Nothing is sent anywhere.
"""


def all_lessons(own: Iterable[Path] = ()) -> Mapping[str, Lesson]:
    """The lessons of the course and those of the teacher's own, by number.

    Raises
    ------
    LessonError
        If a file is no lesson, or its number is taken.
    """
    known = dict(lessons())
    for lesson in map(read_lesson, own):
        if lesson.number in known:
            raise LessonError(
                f"{lesson.file}: lesson '{lesson.number}' is there already ({known[lesson.number].file.name}); "
                "the number is what stands before the first underscore of the file's name"
            )
        known[lesson.number] = lesson
    return known


def start_course(out: Path, chosen: Mapping[str, Lesson], student: str = "", force: bool = False) -> int:
    """Write what a student works in; how many files.

    Answers that are there already stay.

    Parameters
    ----------
    out : Path
    chosen : mapping of str to Lesson
    student : str
        Goes into the file of answers.
    force : bool

    Raises
    ------
    FolderError
        If something else stands there.
    """
    files = course_files(chosen)
    with new_folder(out, COURSE, {"course": course().title}, force) as folder:
        for name, content in files.items():
            folder.write(name, content)
    if not (out / FILE).exists():
        keep_answers(out, AnswerSheet(student, written_by=f"pathway {package_version()}"))
    return len(files)


def course_files(chosen: Mapping[str, Lesson]) -> dict[str, str]:
    """The files of a student's folder, by name."""
    welcome = WELCOME.format(title=course().title, welcome=course().welcome, first=next(iter(chosen)), file=FILE)
    files = {"README.md": welcome}
    for lesson in chosen.values():
        files[f"notebooks/{lesson.file.stem}.ipynb"] = notebook_text(lesson)
        files[f"sheets/{lesson.file.stem}.html"] = sheet(lesson)
        files |= {f"data/{file.name}": file.read_text(encoding="utf-8") for file in _data(lesson)}
        if lesson.file.parent != FOLDER:
            # There the answers can be read: `pathway.check` has no other place to find them.
            files[f"{OWN_LESSONS}/{lesson.file.name}"] = lesson.file.read_text(encoding="utf-8")
    return files


def write_solutions(out: Path, chosen: Mapping[str, Lesson], force: bool = False) -> int:
    """Write what the teacher reads: solutions computed now, and notes; how many files."""
    with new_folder(out, "teacher's folder", {"course": course().title}, force) as folder:
        folder.write("solutions.html", solutions(list(chosen.values()), package_version()))
        folder.write("teachers_notes.html", teachers_notes(list(chosen.values())))
    return 2


def write_site(out: Path, chosen: Mapping[str, Lesson], members: int, force: bool = False) -> int:
    """Write a static folder for a web server: overview, lessons in the explorer, sheets, the student's folder as zip.

    Parameters
    ----------
    members : int
        Of the ensemble, in each page.

    Raises
    ------
    FolderError
        If something else stands there.
    """
    links = []
    extra = [("All notebooks, sheets and data (zip), for those with Python", "course.zip")]
    with new_folder(out, "course site", {"course": course().title}, force) as folder:
        for lesson in chosen.values():
            name, scenario = lesson.file.stem, read_scenario(lesson.scenario)
            folder.write(f"{name}.html", explorer_page(scenario, members=members, lesson=page_lesson(lesson)))
            folder.write(f"sheets/{name}.html", sheet(lesson))
            links.append([("in the browser", f"{name}.html"), ("sheet to print", f"sheets/{name}.html")])
        folder.write("index.html", overview(list(chosen.values()), links, extra))
        folder.write("course.zip", _zip(course_files(chosen)))
    return 2 * len(chosen) + 2


def _data(lesson: Lesson) -> Sequence[Path]:
    """The scenario of a lesson and its measurements."""
    file = find_scenario(lesson.scenario)
    return [file, *(table.file for table in read_scenario(lesson.scenario).overlays)]


def _zip(files: Mapping[str, str]) -> bytes:
    """The files in a folder `course`; the same bytes for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"course/{name}", (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
