"""Draws on disk come back with their bits; a damaged or foreign file is refused, or not taken for finished."""

from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.fitting.problem import ProblemError
from pathway.fitting.uncertainty.chains import Chain, chain_files, finished_chains
from pathway.fitting.uncertainty.sampling import Posterior
from pathway.formats.problems import open_problem
from tests.cli.test_surroundings import write_decay

ROWS, DRAWS = 2, 30


@pytest.fixture
def posterior(tmp_path, monkeypatch):
    """Numbers of the right shape; nothing was drawn."""
    monkeypatch.chdir(tmp_path)
    write_decay(tmp_path)
    problem, random = open_problem("decay/decay.yaml").problem, np.random.default_rng(1)
    made = Posterior(
        problem=problem,
        x=random.normal(size=(ROWS, DRAWS, len(problem.names))),
        log_density=random.normal(size=(ROWS, DRAWS)),
        diverging=random.random((ROWS, DRAWS)) < 0.1,
        deepest=random.random((ROWS, DRAWS)) < 0.1,
        energy=np.full((ROWS, DRAWS), np.nan),
        method="ensemble",
        reason="as asked",
        seed=3,
        acceptance=0.75,
        evaluations=7,
        failures=1,
        best=random.normal(size=len(problem.names)),
        chains=1,
        interrupted=True,
    )
    made.save("posterior.npz")
    return made


def test_draws_come_back_with_their_bits(posterior):
    found = pathway.load_posterior("posterior.npz", posterior.problem)
    for name in ("x", "log_density", "diverging", "deepest", "energy", "best"):
        assert np.array_equal(getattr(found, name), getattr(posterior, name), equal_nan=name == "energy"), name
    for name in ("method", "reason", "seed", "acceptance", "evaluations", "failures", "chains", "interrupted"):
        assert getattr(found, name) == getattr(posterior, name), name


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("x", lambda x: x[:, :, :1], "the draws are not of 2 parameters"),
        ("x", lambda x: x * np.inf, "the draws are no numbers"),
        ("x", lambda x: x[:0], "the draws are no numbers"),
        ("x", lambda x: x.astype("f4"), "the draws are no numbers"),
        ("energy", lambda x: x[:1], "'energy' is not of 2 x 30 draws"),
        ("diverging", lambda x: x.astype(float), "'diverging' is not of 2 x 30 draws"),
        ("best", lambda x: x[:1], "the draws are not of 2 parameters"),
        ("said", lambda x: np.array("{}"), "cannot be read as what 'pathway' writes for a posterior"),
        ("said", lambda x: np.array("[" * 100_000), "cannot be read as what 'pathway' writes for a posterior"),
        ("said", lambda x: np.array(str(x).replace('"seed": 3', '"seed": "three"')), "cannot be read as what"),
    ],
)
def test_draws_that_do_not_fit_are_refused(name, change, said, posterior):
    with np.load("posterior.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    np.savez("other.npz", **{**arrays, name: change(arrays[name])})
    with pytest.raises(ProblemError, match=said) as found:
        pathway.load_posterior("other.npz", posterior.problem)
    assert str(found.value).startswith("other.npz: ") and "\n" not in str(found.value)


def test_a_chain_is_finished_only_in_its_own_whole_file(posterior):
    parts = (posterior.x, posterior.log_density, posterior.diverging, posterior.deepest, posterior.energy)
    Chain(0, *parts, acceptance=0.75, evaluations=7, failures=1, deviation=0.0).save(Path())
    (found,) = finished_chains(Path()).values()
    assert np.array_equal(found.x, posterior.x) and (found.number, found.acceptance, found.failures) == (0, 0.75, 1)
    content = Path(chain_files(0)[0]).read_bytes()
    Path(chain_files(0)[0]).rename(chain_files(1)[0])  # another chain's place
    assert not finished_chains(Path())
    for place in range(0, len(content), 97):
        bent = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        Path(chain_files(0)[0]).write_bytes(bent)
        for chain in finished_chains(Path()).values():  # a byte that nothing depends on, as a date
            assert np.array_equal(chain.x, posterior.x) and np.array_equal(chain.diverging, posterior.diverging)
