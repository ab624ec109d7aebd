"""Lessons that ask the calibrated ensemble have the one that ships."""

from collections.abc import Iterator

import pytest

from pathway.parameters.parameter_ensemble import SHIPPED as FILE
from tests.conftest import SHIPPED


@pytest.fixture(autouse=True)
def shipped_ensemble(no_ensemble_by_default: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For what asks for it by name; all else of the course says `ensemble="none"`."""
    monkeypatch.setattr(SHIPPED, FILE)
    yield
