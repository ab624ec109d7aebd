"""The notebooks are what the course writes, and each runs from top to bottom in the time of a coffee."""

import resource
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from docs.notebooks import FOLDER, texts

NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*"))


def test_the_folder_holds_what_the_course_writes():
    assert {name: (FOLDER / name).read_text(encoding="utf-8") for name in NOTEBOOKS} == texts(), (
        "lessons have changed; run: python -m docs.notebooks"
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_valid_and_kept_without_outputs(name):
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook machinery, not ours
@pytest.mark.filterwarnings("ignore::RuntimeWarning:zmq")
def test_notebook_runs(name, tmp_path, monkeypatch):
    """With every answer still open; in less than a minute of two cores, import included."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    notebook = nbformat.read(FOLDER / name, as_version=4)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {spent:.1f} s of processor time", file=sys.stderr)
    assert spent < 60.0
    open_answers = [c for c in notebook.cells if c.cell_type == "code" and c.source.startswith("pathway.check(")]
    assert open_answers and all(" yet. Write it" in str(cell.outputs) for cell in open_answers)


def test_numbering_has_no_gaps():
    numbers = [int(name[:2]) for name in NOTEBOOKS]
    assert numbers == list(range(10))
