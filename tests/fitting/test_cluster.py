"""A search, profiles and chains on a real local cluster; one of two workers is killed during the search."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.fitting.objective import Objective
from pathway.fitting.problem import ProblemError
from pathway.fitting.search.multi_start import fit
from pathway.fitting.uncertainty.profiles import profile
from pathway.fitting.uncertainty.sampling import sample
from tests.cluster import cluster_that_loses_a_worker
from tests.fitting.test_search import decay


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bits_and_a_killed_worker_costs_time_alone(tmp_path) -> None:
    problem = decay()
    here = fit(problem, 40, 4, workers=1)
    search = tmp_path / "search"
    with cluster_that_loses_a_worker(lambda client: len(list(search.glob("start_*.json"))) >= 3) as client:
        executor = client.get_executor()
        there = fit(problem, 40, 4, executor=executor, workers=2, directory=search)
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
