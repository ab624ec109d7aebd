"""An ensemble on a real local cluster, one of whose two workers is killed half-way."""

import numpy as np
import pytest

from pathway.simulation import simulate_ensemble
from tests.cluster import cluster_that_loses_a_worker
from tests.simulation.models import toggle
from tests.simulation.test_ensemble import TIMES, draws


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_costs_time_and_nothing_else() -> None:
    members = draws(600)
    here = simulate_ensemble(toggle(), TIMES, members, workers=1)
    with cluster_that_loses_a_worker(lambda client: sum(map(len, client.has_what().values())) >= 5) as client:
        there = simulate_ensemble(toggle(), TIMES, members, executor=client, chunk=10)
    assert np.array_equal(here.values, there.values)
    assert not there.failures
