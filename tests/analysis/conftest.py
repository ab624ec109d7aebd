"""The circuit and one scenario, read once."""

import pytest

from pathway.scenario import built_in_laboratory, read_scenario


@pytest.fixture(scope="session")
def laboratory():
    return built_in_laboratory()


@pytest.fixture(scope="session")
def scenario():
    return read_scenario("antimir21_resensitises")
