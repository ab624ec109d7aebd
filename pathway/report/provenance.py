"""Where a result comes from: versions, hashes, command, machine."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pathway.extras import installed_version
from pathway.folders import sha256

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "pydantic")


def provenance(
    command: Sequence[str], settings: Sequence[str], inputs: Mapping[str, bytes], seed: int | None = None
) -> dict[str, Any]:
    """Everything that a later run must know to be compared with this one.

    Parameters
    ----------
    command : sequence of str
        As typed.
    settings : sequence of str
        "KEY=VALUE" from the command line.
    inputs : mapping of file name to content
    seed : int, optional
        None where nothing is drawn at random.
    """
    return {
        "pathway": package_version(),
        "circuit": model_files_hash(),
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": processor_name(),
        "command": list(command),
        "settings": list(settings),
        "seed": seed,
        "inputs": {name: sha256(content) for name, content in inputs.items()},
    }


def identity_of_parts(identity: Mapping[str, Any], inputs: Mapping[str, bytes]) -> dict[str, Any]:
    """What tells parts of a result from those of others: of another program, circuit or content of a file, too."""
    files = {name: sha256(content) for name, content in inputs.items()}
    return {**identity, "inputs": files, "pathway": package_version(), "circuit": model_files_hash()}


def package_version() -> str:
    """Version of pathway; a plain attribute of the package, which is loaded wherever this runs."""
    return str(getattr(sys.modules["pathway"], "__version__", "unknown"))


@cache
def model_files_hash() -> str:
    """Hash of what reacts and how much: every file of network/ and parameters/."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for file in sorted([*package.glob("network/*.py"), *package.rglob("parameters/**/*.toml")]):
        digest.update(str(file.relative_to(package)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@cache
def processor_name() -> dict[str, Any]:
    """Name and vector features of the processor: the last digits of a result depend on them."""
    facts: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    flags = facts.get("flags") or facts.get("Features") or ""
    vectors = sorted(f for f in flags.split() if f.startswith(("avx", "sse", "fma", "sve", "asimd", "neon")))
    return {"name": facts.get("model name") or platform.processor() or "unknown", "features": vectors}
