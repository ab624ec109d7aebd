"""Files of a format, written for whoever reads them in a test."""

from collections.abc import Mapping
from pathlib import Path


def written(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Their paths, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    return [folder / name for name in files]
