"""What holds for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before numpy is loaded: tests run side by side, and threads for small matrices would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHIPPED = "pathway.parameters.parameter_ensemble.SHIPPED"


@pytest.fixture(autouse=True, scope="session")
def no_ensemble_by_default() -> Iterator[None]:
    """Runs in tests have no ensemble unless they ask for one: 200 members each would cost minutes, and say nothing new.
    `test_shipped_ensemble` puts the one that ships back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SHIPPED, Path("no-ensemble-here.npz"))
        yield
