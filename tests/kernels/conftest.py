from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code of tests stays out of the user's cache."""
    monkeypatch.setenv("PATHWAY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
