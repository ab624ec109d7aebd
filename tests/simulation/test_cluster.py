"""An ensemble on a real local cluster, one of whose two workers is killed half-way."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from pathway.simulation import simulate_ensemble
from tests.simulation.models import toggle
from tests.simulation.test_ensemble import TIMES, draws

distributed = pytest.importorskip("distributed")


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_costs_time_and_nothing_else() -> None:
    members = draws(600)
    here = simulate_ensemble(toggle(), TIMES, members, workers=1)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        victim = next(iter(cluster.workers.values()))

        def kill() -> None:
            deadline = time.monotonic() + 60.0
            while time.monotonic() < deadline:
                kept = client.has_what()
                if sum(map(len, kept.values())) >= 5:
                    break
                time.sleep(0.01)
            victim.process.process._process.kill()  # the nanny's child, without goodbye

        killer = threading.Thread(target=kill)
        killer.start()
        there = simulate_ensemble(toggle(), TIMES, members, executor=client, chunk=10)
        killer.join()
    assert np.array_equal(here.values, there.values)
    assert not there.failures
