"""The lessons: notebooks are kept without outputs, so what they show is run once and kept here."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from docs.blocks import OUTPUTS, ROOT, PageError, keep_content
from docs.pictures import keep_picture

FOLDER = ROOT / "notebooks"


def names() -> list[str]:
    """Of the notebooks, in teaching order."""
    return sorted(file.stem for file in FOLDER.glob("*.ipynb"))


def cells_of(name: str) -> list[dict[str, Any]]:
    """Kind ("markdown", "code") and source of every cell."""
    document = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return [{"kind": cell["cell_type"], "source": "".join(cell["source"])} for cell in document["cells"]]


def digest(name: str) -> str:
    """Of the code of a notebook."""
    code = "\0".join(cell["source"] for cell in cells_of(name) if cell["kind"] == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def record(name: str, outputs: Path) -> Path:
    """Run a notebook and keep texts and pictures of its cells; the file written."""
    import os
    import tempfile

    import nbformat
    from nbclient import NotebookClient

    outputs.mkdir(parents=True, exist_ok=True)
    for old in outputs.glob(f"{name}-*.png"):
        old.unlink()
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [_shown(cell.outputs, outputs, f"{name}-{k}") for k, cell in enumerate(code, 1)]
    return keep_content({"code": digest(name), "cells": shown}, outputs / f"{name}.json")


def _shown(cell_outputs: Any, outputs: Path, stem: str) -> dict[str, Any]:
    text, pictures = "", []
    for output in cell_outputs:
        data = output.get("data", {})
        if "image/png" in data:
            pictures.append(f"{stem}-{len(pictures) + 1}.png")
            raw = outputs / f".{pictures[-1]}"
            raw.write_bytes(base64.b64decode(data["image/png"]))
            keep_picture(raw, outputs / pictures[-1])
            raw.unlink()
        elif output.output_type == "stream" and output.name == "stdout":
            text += output.text
        elif "text/plain" in data:
            text += data["text/plain"] + "\n"
    return {"text": text, "pictures": pictures}


def recorded_cells(name: str) -> list[dict[str, Any]]:
    """Text and pictures of every code cell; nothing of a lesson that has not been run yet.

    Raises
    ------
    PageError
        If the notebook's code has changed since.
    """
    file = OUTPUTS / "lessons" / f"{name}.json"
    if not file.is_file():
        return []
    content = json.loads(file.read_text(encoding="utf-8"))
    if content.get("code") != digest(name):
        raise PageError(f"lesson {name}: no output of this notebook is kept; run: python -m docs.record {name}")
    return content["cells"]
