"""The circuit, one scenario and its untreated cells, made once."""

import pytest

from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.arms import arm_setups


@pytest.fixture(scope="session")
def laboratory():
    return built_in_laboratory()


@pytest.fixture(scope="session")
def scenario():
    return read_scenario("antimir21_resensitises")


@pytest.fixture(scope="session")
def untreated(scenario, laboratory):
    return arm_setups(scenario, [scenario.arm("untreated")], laboratory)[0]
