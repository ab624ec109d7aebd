"""Draws from the posterior, with a diagnosis of how far they can be trusted.

Where the engine carries slopes, chains are drawn by nutpie's No-U-Turn sampler; where slopes would be differences
(models with events) by emcee's ensemble, which asks for none.
"""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import numpy as np

from pathway.files import read_arrays, read_bytes
from pathway.folders import write_atomically
from pathway.notebook import html_card

from ..objective import Objective
from ..problem import Problem, ProblemError
from ..search.on_disk import POSTERIOR_KIND, check_shared, work_folder
from ..search.result import Fit
from ..search.stored import problem_from_dict, problem_to_dict
from . import diagnostics
from .chains import (
    ARRAYS_OF_DRAWS,
    METHODS,
    Advance,
    Chain,
    ChainProgress,
    SamplerOptions,
    chain_files,
    chain_workers,
    check_draws,
    finished_chains,
    remove_journals,
)

FORMAT = "pathway posterior 1"

R_HAT = 1.01
EFFECTIVE = 400.0
ENERGY = 0.3
"""Limits of Vehtari et al. 2021, doi 10.1214/20-BA1221, and Betancourt 2016, arXiv 1604.00695."""
LOOKS = (200, 300, 450, 700, 1000)
"""Draws of each chain after which is asked whether they are enough, unless their number is given."""
DEVIATION = 0.1
"""Of the log density that chains went by: beyond it, probabilities may be off by more than a tenth of themselves."""
LIBRARIES = {"nuts": "nutpie", "ensemble": "emcee"}


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of all estimated parameters.

    Attributes
    ----------
    problem : Problem
    x : array, shape (n_rows, n_draws, n_estimated)
        On the optimizer's scale; a row for each chain, or for each walker of the chains of an ensemble.
    log_density : array, shape (n_rows, n_draws)
        Minus the objective.
    diverging, deepest : bool array, shape (n_rows, n_draws)
        Whether a trajectory lost its energy, and whether it was cut off as too long.
    energy : array, shape (n_rows, n_draws)
        nan without slopes.
    method : str
        "nuts" or "ensemble".
    reason : str
        Why this one.
    seed : int
    acceptance : float
        Mean share of proposals taken.
    deviation : float
        How much the log density that the chains went by was off at their draws, a constant apart: runs on the way are
        less accurate than the problem asks for, those of `log_density` are not.
    evaluations, failures : int
        Of the objective, and how many of these could not be computed.
    best : array, shape (n_estimated,)
        The optimum from which chains set out, on the optimizer's scale.
    chains : int
    interrupted : bool
        Whether chains are missing.
    """

    problem: Problem
    x: np.ndarray
    log_density: np.ndarray
    diverging: np.ndarray
    deepest: np.ndarray
    energy: np.ndarray
    method: str
    reason: str
    seed: int
    acceptance: float
    evaluations: int
    failures: int
    best: np.ndarray
    chains: int
    deviation: float = 0.0
    interrupted: bool = False

    def __repr__(self) -> str:
        rows, draws, names = self.x.shape
        return f"<Posterior of '{self.problem.name}': {rows} x {draws} draws of {names} parameters by {self.method}>"

    def _repr_html_(self) -> str:
        low, middle, high = np.quantile(self.draws, (0.025, 0.5, 0.975), axis=0)
        header = ["parameter", "2.5 %", "median", "97.5 %", "R-hat"]
        rows = [[n, float(low[k]), float(middle[k]), float(high[k]), self.r_hat[n]] for k, n in enumerate(self.names)]
        return html_card(repr(self).strip("<>"), (), [(header, rows)])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters, in the order of every array."""
        return self.problem.names

    @cached_property
    def draws(self) -> np.ndarray:
        """All draws in natural units, shape (n_rows * n_draws, n_estimated)."""
        return self.problem.from_scale(self.x.reshape(-1, self.x.shape[-1]))

    @cached_property
    def r_hat(self) -> dict[str, float]:
        """Rank-normalized split R-hat by parameter."""
        return self._each(diagnostics.r_hat)

    @cached_property
    def bulk(self) -> dict[str, float]:
        """Effective number of draws for the middle of each distribution."""
        return self._each(diagnostics.bulk_effective_size)

    @cached_property
    def tail(self) -> dict[str, float]:
        """Effective number of draws for the 5 % and 95 % quantiles."""
        return self._each(diagnostics.tail_effective_size)

    def _each(self, of: Any) -> dict[str, float]:
        return {name: of(self.x[:, :, k]) for k, name in enumerate(self.names)}

    @cached_property
    def energy_fraction(self) -> np.ndarray:
        """Of each chain; below 0.3 it moves too slowly between levels of probability. nan without slopes."""
        return diagnostics.bayesian_energy_fraction(self.energy)

    @property
    def divergences(self) -> int:
        """Draws at which a trajectory lost its energy."""
        return int(self.diverging.sum())

    @property
    def converged(self) -> bool:
        """Whether R-hat and effective numbers of draws say that the chains have seen the same distribution."""
        enough = [min(self.bulk[n], self.tail[n]) >= EFFECTIVE for n in self.names]
        return all(enough) and all(self.r_hat[n] < R_HAT for n in self.names)

    @property
    def concerns(self) -> list[str]:
        """What speaks against relying on the draws, each with what to do about it; empty: nothing."""
        concerns = []
        apart = [n for n in self.names if not self.r_hat[n] < R_HAT]
        if apart:
            concerns.append(
                f"R-hat is {R_HAT:g} or more for {_listed(apart)}: the chains do not agree yet. Draw more; if that "
                "does not help, look at the ranks of each chain: chains that stay in places of their own are separate "
                "optima"
            )
        few = [n for n in self.names if not min(self.bulk[n], self.tail[n]) >= EFFECTIVE]
        if few and not apart:
            concerns += [f"fewer than {EFFECTIVE:g} effective draws for {_listed(few)}: draw more for stable intervals"]
        if self.divergences:
            concerns.append(
                f"{self.divergences} divergences: some narrow region may be missed. Raise --target-accept (0.95, 0.99);"
                " if they stay, look where they lie in the pairs, and give a prior or fixed values to parameters that "
                "the data do not hold"
            )
        cut = float(self.deepest.mean())
        if cut > 0.01:
            concerns.append(
                f"{cut:.0%} of trajectories were cut off as too long: the draws are right but dear; parameters that "
                "the data do not hold, or that only act together, make them long"
            )
        if not self.deviation <= DEVIATION:
            concerns.append(
                f"the log density that the chains went by was off by up to {self.deviation:.2g}: runs on the way are "
                "less accurate than those of a fit. Look for a switch in the model that the runs stumble over"
            )
        if self.method == "nuts" and float(np.min(self.energy_fraction)) < ENERGY:
            concerns.append(
                f"the energy of chain {int(np.argmin(self.energy_fraction)) + 1} moves slowly "
                f"({float(np.min(self.energy_fraction)):.2f}; {ENERGY:g} or more is expected): tails may be missed"
            )
        return concerns

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """The central credible interval of one parameter, natural units."""
        column = self.draws[:, self.names.index(name)]
        low, high = np.quantile(column, [0.5 * (1 - level), 0.5 * (1 + level)])
        return float(low), float(high)

    def to_dataframe(self) -> Any:
        """One row for each draw: `_chain`, `_draw`, `_log_density`, `_diverging`, then parameters in natural units."""
        import pandas

        rows, draws = self.log_density.shape
        frame = {
            "_chain": np.repeat(np.arange(rows) * self.chains // rows + 1, draws),
            "_draw": np.tile(np.arange(1, draws + 1), rows),
            "_log_density": self.log_density.ravel(),
            "_diverging": self.diverging.ravel().astype(int),
        }
        return pandas.DataFrame({**frame, **dict(zip(self.names, self.draws.T, strict=True))})

    def save(self, path: str | Path, with_inputs: bool = True) -> None:
        """Write the draws and the files of the problem to one NPZ file that `load_posterior` reads.

        A problem that was put together in Python is not written; `load_posterior` must then be given it.
        """
        rest = {name: getattr(self, name) for name in _PLAIN}
        metadata = json.dumps({"format": FORMAT, **problem_to_dict(self.problem, with_inputs), **rest})
        stream = io.BytesIO()
        np.savez(stream, said=np.array(metadata), **{name: getattr(self, name) for name in _ARRAYS})
        write_atomically(Path(path), stream.getvalue())

    @classmethod
    def from_file(cls, path: Path, problem: Problem) -> Posterior:
        """The draws that `save` wrote, of their problem.

        Raises
        ------
        ProblemError
            If they are of another problem.
        errors in `files.DAMAGE`
            If it is something else.
        """
        content = read_bytes(path)
        metadata = _metadata(content)
        if metadata["format"] != FORMAT:
            raise ValueError(f"the format is '{metadata['format']}', not '{FORMAT}'")
        same, arrays = problem_from_dict(metadata, problem), read_arrays(content, _ARRAYS)
        check_draws(arrays)
        if not arrays["x"].shape[2:] == arrays["best"].shape == (len(problem.names),):
            raise ValueError(f"the draws are not of {len(problem.names)} parameters")
        plain = {name: kind(metadata[name]) for name, kind in _PLAIN.items() if name in metadata or name not in _LATER}
        stored: dict[str, Any] = {**arrays, **plain}
        return cls(problem=same, **stored)


_ARRAYS = (*ARRAYS_OF_DRAWS, "best")
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "method": str,
    "reason": str,
    "seed": int,
    "acceptance": float,
    "evaluations": int,
    "failures": int,
    "chains": int,
    "deviation": float,
    "interrupted": bool,
}
_LATER = {"deviation"}
"""Not in files of earlier versions."""


def draws_metadata(path: Path) -> Any:
    """What a file of draws says of itself besides numbers."""
    return _metadata(read_bytes(path))


def _metadata(content: bytes) -> Any:
    return json.loads(str(read_arrays(content, ["said"])["said"].item()))


def _listed(names: list[str], most: int = 4) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def separate_optima(fit: Fit, most: int, gap: float = 5.0, apart: float = 0.1) -> np.ndarray:
    """Ends of a search that are about as good as the best and lie elsewhere, for chains to begin at.

    Parameters
    ----------
    fit : Fit
    most : int
    gap : float
        How much worse their objective may be: ends beyond it hold next to nothing of the posterior.
    apart : float
        By how much at least one parameter differs between any two, as a share of its bounds.

    Returns
    -------
    array, shape (n_ends, n_estimated)
        On the optimizer's scale, the best first.
    """
    lower, upper = fit.problem.bounds
    width = np.where(np.isfinite(upper - lower), upper - lower, 10.0)
    ends = [fit.best.x]
    for start in fit.ranked:
        far = all(float(np.max(np.abs(start.x - other) / width)) > apart for other in ends)
        if far and start.objective < fit.best.objective + gap and len(ends) < most:
            ends.append(start.x)
    return np.array(ends)


class SamplingInterrupted(ProblemError):
    """Ctrl-C before any chain was finished; what was drawn is kept and goes on when asked for again."""


def sample(
    objective: Objective,
    x: np.ndarray,
    draws: int | None = None,
    seed: int = 1,
    *,
    chains: int = 4,
    tune: int = 100,
    method: str = "auto",
    target_accept: float = 0.8,
    workers: int | None = None,
    executor: Executor | None = None,
    directory: str | Path | None = None,
    progress: TextIO | None = None,
    force: bool = False,
) -> Posterior:
    """Draws from the posterior within the bounds.

    Parameters
    ----------
    objective : Objective
    x : array, shape (n_estimated,) or (n_optima, n_estimated)
        Where to begin: an optimum on the optimizer's scale, or several, among which the chains are spread.
    draws : int, optional
        Kept of each chain. None: until they are enough, as `Posterior.converged` says: it is asked after each number of
        `LOOKS`, of all draws until then, and the last number is the most.
    tune : int
        Draws of each chain that are used up before these to learn step sizes.
    seed : int
    chains : int
        At least two, better four: R-hat compares them.
    method : str
        "nuts" (with slopes), "ensemble" (without) or "auto".
    target_accept : float
        Of "nuts": nearer to 1 makes its steps smaller, against divergences.
    workers : int, optional
        Processes; 1 stays in this one; None: one for each core, but no more than chains.
    executor : concurrent.futures.Executor, optional
        Something else that runs tasks, whose workers see the directory.
    directory : str or Path, optional
        Where chains are kept, the running ones too; asked for again, they go on from there.
    progress : text stream, optional
        Where lines about the progress go.
    force : bool
        Replace other work that the directory holds.

    Returns
    -------
    Posterior
        The same for any number of workers. After Ctrl-C, the chains that were finished until then.

    Raises
    ------
    FolderError
        If the directory holds other draws, or something else.
    ProblemError
        If the sampler is not installed, an executor has no directory, or the objective cannot be computed near `x`.

    Notes
    -----
    The density is likelihood times prior. Parameters without a prior are flat on the scale of the search; a prior of
    the natural value stays one whatever that scale. No-U-Turn sampler: Hoffman & Gelman 2014, JMLR 15:1593, with the
    mass matrix of nutpie (Seyboldt et al. 2026, arXiv 2603.18845). Ensemble: Goodman & Weare 2010,
    doi 10.2140/camcos.2010.5.65; Foreman-Mackey et al. 2013, doi 10.1086/670067.
    """
    if not objective.problem.estimated:
        raise ProblemError([f"{objective.problem.name}: no parameter is to be estimated"])
    if chains < 2:
        raise ProblemError([f"{chains} chain cannot tell whether it has converged: ask for two at least, better four"])
    check_shared(executor, directory)
    ends = np.atleast_2d(np.asarray(x, dtype=float))
    chosen, reason = _chosen(objective, method)
    _installed(chosen)
    plan = SamplerOptions(chosen, chains, LOOKS if draws is None else (draws,), tune, seed, target_accept)
    with TemporaryDirectory() as temporary:
        folder = Path(directory if directory is not None else temporary)
        files = [name for k in range(chains) for name in chain_files(k)]
        with work_folder(folder, POSTERIOR_KIND, objective.problem, asdict(plan), files, ends, force) as work:
            report = ChainProgress(progress, plan, len(done := finished_chains(work.path)))
            with chain_workers(objective, ends, plan, work.path, workers, executor, report) as advance:
                posterior = _drawn(objective.problem, plan, reason, ends[0], done, advance, report)
            if not posterior.interrupted:
                remove_journals(work.path, plan)
    return posterior


def _drawn(
    problem: Problem,
    plan: SamplerOptions,
    reason: str,
    best: np.ndarray,
    done: dict[int, Chain],
    advance: Advance,
    report: ChainProgress,
) -> Posterior:
    """Chains as long as they must be.

    What is asked at a look depends on the draws until then alone, so that it is answered in the same way by chains that
    went on from a folder and have more draws already. Stopping where the numbers are good favors good numbers a little;
    that looks are few, and each after half as many draws again, keeps this small.
    """
    for draws in plan.looks:
        try:
            advance(done, draws)
        except KeyboardInterrupt:
            if not done:
                raise SamplingInterrupted(["interrupted before any chain was finished"]) from None
            report.say(f"interrupted: {len(done)} of {plan.chains} chains hold draws")
            return _joined(problem, plan, reason, best, done, min(chain.draws for chain in done.values()), True)
        posterior = _joined(problem, plan, reason, best, done, draws, False)
        if draws == plan.looks[-1] or posterior.converged:
            break
        worst, few = max(posterior.r_hat.values()), min([*posterior.bulk.values(), *posterior.tail.values()])
        report.say(f"after {draws} draws of each chain R-hat is up to {worst:.3f}, {few:.0f} are effective: more")
    return posterior


def _chosen(objective: Objective, method: str) -> tuple[str, str]:
    """A method, and why it."""
    if method not in METHODS:
        raise ProblemError([f"no sampler is called '{method}'; expected {', '.join(METHODS)}"])
    if method != "auto":
        return method, "as asked"
    if getattr(objective.runner, "goes_backwards", True):
        return "nuts", "the engine carries slopes through every run"
    return "ensemble", "slopes through the events of this model would be differences"


def _installed(method: str) -> None:
    library = LIBRARIES[method]
    if importlib.util.find_spec(library) is None:
        raise ProblemError(
            [f"sampling needs {library}, of the extra 'sampling': pip install 'mir21-pathway[sampling]'"]
        )


def _joined(
    problem: Problem,
    plan: SamplerOptions,
    reason: str,
    best: np.ndarray,
    done: dict[int, Chain],
    draws: int,
    interrupted: bool,
) -> Posterior:
    chains = [done[k].first(draws) for k in sorted(done)]
    return Posterior(
        problem=problem,
        **{name: np.concatenate([getattr(c, name) for c in chains]) for name in ARRAYS_OF_DRAWS},
        method=plan.method,
        reason=reason,
        seed=plan.seed,
        acceptance=float(np.mean([c.acceptance for c in chains])),
        evaluations=sum(c.evaluations for c in chains),
        failures=sum(c.failures for c in chains),
        best=best,
        chains=len(chains),
        deviation=max(c.deviation for c in chains),
        interrupted=interrupted,
    )
