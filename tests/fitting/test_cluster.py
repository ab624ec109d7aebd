"""A search, profiles and chains on a real local cluster; one of two workers is killed during the search."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from pathway.fitting.objective import Objective
from pathway.fitting.problem import ProblemError
from pathway.fitting.search.multi_start import fit
from pathway.fitting.uncertainty.profiles import profile
from pathway.fitting.uncertainty.sampling import sample
from tests.fitting.test_search import decay

distributed = pytest.importorskip("distributed")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bits_and_a_killed_worker_costs_time_alone(tmp_path) -> None:
    problem = decay()
    here = fit(problem, 40, 4, workers=1)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        executor, search = client.get_executor(), tmp_path / "search"
        victim = next(iter(cluster.workers.values()))

        def kill() -> None:
            deadline = time.monotonic() + 60.0
            while len(list(search.glob("start_*.json"))) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
            victim.process.process._process.kill()  # the nanny's child, without goodbye

        killer = threading.Thread(target=kill)
        killer.start()
        there = fit(problem, 40, 4, executor=executor, workers=2, directory=search)
        killer.join()
        x = here.best.x
        profiles = profile(Objective(problem), x, executor=executor, directory=tmp_path / "profiles")
        draws = sample(
            Objective(problem), x, 100, chains=2, tune=50, method="ensemble", executor=executor,
            directory=tmp_path / "draws",
        )  # fmt: skip
    assert [s.objective.hex() for s in there.starts] == [s.objective.hex() for s in here.starts]
    alone = profile(Objective(problem), x, workers=1)
    assert {name: (p.lower, p.upper) for name, p in profiles.items()} == {
        n: (p.lower, p.upper) for n, p in alone.items()
    }
    again = sample(Objective(problem), x, 100, chains=2, tune=50, method="ensemble", workers=1)
    assert np.array_equal(draws.draws, again.draws)


def test_workers_elsewhere_need_a_folder_that_they_see() -> None:
    problem = decay()
    x = problem.to_scale(problem.nominal)
    for work in (profile, sample):
        with pytest.raises(ProblemError, match="name a directory that its workers see"):
            work(Objective(problem), x, executor=object())
