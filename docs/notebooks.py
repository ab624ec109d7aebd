"""`python -m docs.notebooks`: the folder `notebooks/`, written from the lessons of the course."""

from __future__ import annotations

from docs.blocks import ROOT
from pathway.course import lessons
from pathway.course.notebook_file import notebook_text

FOLDER = ROOT / "notebooks"


def texts() -> dict[str, str]:
    """What each notebook must hold, by the name of its file."""
    return {f"{lesson.file.stem}.ipynb": notebook_text(lesson) for lesson in lessons().values()}


def main() -> None:
    """Write the notebooks, and delete those of lessons that are gone."""
    written = texts()
    for old in FOLDER.glob("*.ipynb"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
