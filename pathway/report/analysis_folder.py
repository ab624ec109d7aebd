"""The folder that an analysis leaves behind: inputs, numbers as JSON and CSV, figure, provenance."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.scenario.experiment import Scenario

from .folder import RECORD, _put, _umask, check_out
from .provenance import provenance


def write_analysis(
    name: str,
    scenario: Scenario,
    content: Mapping[str, Any],
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]],
    figures: Mapping[str, Any],
    out: Path,
    command: Sequence[str],
    options: Mapping[str, Any],
    seed: int | None = None,
) -> dict[str, Any]:
    """Writes an analysis to `out`, all of it or nothing.

    Parameters
    ----------
    name : str
        "synergy", ...
    scenario : Scenario
    content : mapping
        The JSON form.
    tables : mapping of file stem to (header, rows)
    figures : mapping of file stem to Figure
    out : Path
        An earlier analysis there is replaced.
    command : sequence of str
        As typed.
    options : mapping
        What the analysis was asked, defaults filled in.
    seed : int, optional

    Returns
    -------
    dict
        The provenance.

    Raises
    ------
    FolderError
        If `out` holds something else.
    """
    from pathway.plotting import save

    check_out(out)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        record = provenance(command, scenario.settings, {scenario.file.name: scenario.text.encode()}, seed)
        record = {**record, "analysis": name, "options": dict(options)}
        (draft / scenario.file.name).write_text(scenario.text, encoding="utf-8")
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (draft / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        for stem, (header, rows) in tables.items():
            (draft / f"{stem}.csv").write_text(_csv(header, rows), encoding="utf-8")
        for stem, figure in figures.items():
            save(figure, draft / stem)
        (draft / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.chmod(draft, 0o777 & ~_umask())
        _put(draft, out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return record


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if _absent(value) else value for value in row])
    return stream.getvalue()


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
