"""Which sets are at hand, read as `sets.toml` says."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from . import readers, screens
from .data import DataSet

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
READERS: Mapping[str, readers.Reader] = {
    name: getattr(module, name)
    for module, names in (
        (readers, "niepel_folds scaled_courses bender_raw hpn_courses untreated_levels copies mimic correlation"),
        (screens, "antibody_screen inhibitor_screen live_counts"),
    )
    for name in names.split()
}


@cache
def manifest() -> Mapping[str, Any]:
    """`sets.toml`."""
    return tomllib.loads((HERE / "sets.toml").read_text(encoding="utf-8"))


def read_sets(data: Path | None, shipped_only: bool) -> tuple[list[DataSet], list[str]]:
    """Sets at hand, and the others, each with the reason why it is left out."""
    sets, absent = [], []
    for name, about in manifest()["set"].items():
        if shipped_only and not about["ships"]:
            absent.append(f"{name}: may not ship")
            continue
        files = _files(name, about, data)
        missing = [file.name for file in files if not file.is_file()]
        if missing or not files:
            absent.append(f"{name}: no file {', '.join(missing)}" if files else f"{name}: not in the repository")
            continue
        measured, groups = READERS[about["reader"]](files, about, name)
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        if measured:
            sets.append(DataSet(name, about["licence"], about["ships"], tuple(measured), groups, digest))
        else:
            absent.append(f"{name}: none of its lines is in the circuit")
    return sets, absent


def _files(name: str, about: Mapping[str, Any], data: Path | None) -> list[Path]:
    if "shipped_file" in about and (ROOT / about["shipped_file"]).is_file():
        return [ROOT / about["shipped_file"]]
    if data is None or "file" not in about:
        return []
    stems = [about["file"], *about.get("more_files", ())]
    if "{line}" in about["file"]:
        stems = [about["file"].format(line=line) for line in about["lines"]]
    return [data / name / stem for stem in stems]
