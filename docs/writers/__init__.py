"""Pages that are written from the package's own data, so that they cannot say anything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import circuit, commands, findings, folders, gallery, lesson_file, lessons, python_names, scenario_file

Pages = Mapping[str, str]
"""By document ("reference/agents"): Markdown."""

WRITERS: tuple[Callable[[], Pages], ...] = (
    scenario_file.pages,
    lesson_file.pages,
    commands.pages,
    python_names.pages,
    circuit.pages,
    findings.pages,
    folders.pages,
    gallery.pages,
    lessons.pages,
)


def written_pages() -> dict[str, str]:
    """Every written page."""
    return {document: text for writer in WRITERS for document, text in writer().items()}
