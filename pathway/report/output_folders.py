"""Where a result goes, and what tells it from others that might go there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.folders import sha256, writable_folder
from pathway.scenario.experiment import Scenario
from pathway.scenario.read import folder_of_scenarios

LONGEST = 60
"""Characters of a folder's name that come from settings."""


def default_results_folder(name: str, settings: Sequence[str] = ()) -> Path:
    """Where a result goes unless told otherwise: results/NAME, and where settings differ, a folder of their own."""
    if not settings:
        return Path("results") / name
    text = "+".join(setting.replace(" ", "_") for setting in settings)
    readable = re.sub(r"[^\w.=+-]+", "_", text)
    if readable != text or len(readable) > LONGEST:
        readable = f"{readable[: LONGEST - 20]}-{sha256(text.encode())[:8]}"
    return Path("results") / f"{name}-{readable}"


def result_identity(scenario: Scenario, out: Path, **more: Any) -> dict[str, Any]:
    """What tells a result of this scenario from those of others: its name and settings, and where its file lies."""
    return {
        "scenario": scenario.name,
        "file": relative_place(scenario.file, out),
        "settings": list(scenario.settings),
        **more,
    }


def relative_place(file: Path, out: Path) -> str:
    """Where a file lies, seen from a folder of results, so that both can be moved; "" for scenarios of the package."""
    if file.resolve().parent == folder_of_scenarios().resolve():
        return ""
    try:
        return Path(os.path.relpath(file.resolve(), out.resolve())).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


def check_output_folder(out: Path, kind: str, identity: Mapping[str, Any], force: bool = False) -> None:
    """Refuses a place where something else stands, before anything is computed: see `pathway.folders.writable_folder`.

    Raises
    ------
    FolderError
    """
    writable_folder(out, kind, identity, force)
