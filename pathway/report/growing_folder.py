"""What long work leaves beside the files that it keeps to go on from: tables, figures, report, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.fitting.search.on_disk import write_atomically
from pathway.scenario.experiment import Scenario

from .folder import RECORD, write_json
from .provenance import provenance, sha256


def write_tables(
    out: Path,
    tables: Mapping[str, str],
    command: Sequence[str],
    inputs: Mapping[str, bytes],
    seed: int | None = None,
    scenario: Scenario | None = None,
) -> dict[str, Any]:
    """Write tables into the folder, which is made if it is not there; the provenance that names them."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        write_atomically(out / name, text.encode())
    record = provenance(command, scenario.settings if scenario else (), inputs, seed)
    record["outputs"] = {name: sha256(text.encode()) for name, text in tables.items()}
    return record


def write_figures(out: Path, drawn: Mapping[str, Any]) -> dict[str, str]:
    """Write figures into the folder; the SVG text of each."""
    from pathway.plotting import save

    return {name: save(figure, out / name)[0].read_text(encoding="utf-8") for name, figure in drawn.items()}


def finish(out: Path, page: str, record: Mapping[str, Any]) -> None:
    """Write the report and the provenance."""
    write_atomically(out / "report.html", page.encode())
    write_json(out / RECORD, record)
