"""The scripts of `calibration/`, which are no package, as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "calibration"


def script(name: str) -> ModuleType:
    """A script by its stem, not run."""
    found = importlib.util.spec_from_file_location(f"calibration_{name}", FOLDER / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module
