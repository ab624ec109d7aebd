"""Profile likelihood: the best objective for each value of one parameter, and the confidence interval it gives."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import numpy as np
from scipy import special

from pathway.files import DAMAGE, read_json
from pathway.folders import json_text, write_atomically
from pathway.notebook import html_card, listed

from ..objective import Evaluation, Objective
from ..problem import Problem, ProblemError
from ..search.on_disk import PROFILES_KIND, check_shared, work_folder
from ..search.processes import is_quick, process_count, process_pool
from ..search.progress import duration_in_words
from ..search.stored import hexadecimal_text, numbers_from_hexadecimal, problem_from_dict, problem_to_dict
from ..search.trust_region import TrustRegionOptions, minimize

FORMAT = "pathway profiles 1"


@dataclass(frozen=True, eq=False)
class Profile:
    """The profile of one parameter.

    Attributes
    ----------
    name : str
    values : array, shape (n_points,)
        Natural units, ascending.
    objectives : array, shape (n_points,)
        Best objective with the parameter held there.
    points : array, shape (n_points, n_estimated)
        All parameters at each point, on the optimizer's scale.
    lower, upper : float
        Confidence limits in natural units; the bound where the profile stays below the threshold.
    lower_open, upper_open : bool
        Whether the profile stays below the threshold down to (up to) the bound: not identifiable that way.
    threshold : float
        Objective at the limits.
    unfinished : tuple of str
        Sides ("downward", "upward") that ended neither above the threshold nor at the bound: points ran out, or the
        objective could not be computed.
    began : float
        Objective at the point the profile set out from.
    companions : dict of str to float
        For an open side: the parameters that move along with this one, as slopes on the optimizer's scale; together
        they form a combination that is identifiable.
    """

    name: str
    values: np.ndarray
    objectives: np.ndarray
    points: np.ndarray
    lower: float
    upper: float
    lower_open: bool
    upper_open: bool
    threshold: float
    companions: dict[str, float]
    unfinished: tuple[str, ...] = ()
    began: float = -math.inf

    @property
    def better(self) -> float:
        """How far the profile fell below the optimum it began at: above some 0.1 the search had not found the best."""
        return max(self.began - float(self.objectives.min()), 0.0)

    @property
    def verdict(self) -> str:
        """In words."""
        if self.unfinished:
            return f"not followed to its end {' and '.join(self.unfinished)}"
        if self.lower_open and self.upper_open:
            return "not identifiable"
        if self.lower_open:
            return "not identifiable downward"
        return "not identifiable upward" if self.upper_open else "identifiable"

    def to_dict(self) -> dict[str, Any]:
        """A JSON form that reads back to the same bits."""
        arrays = {name: hexadecimal_text(np.ravel(getattr(self, name))) for name in ("values", "objectives", "points")}
        plain = {name: float(getattr(self, name)).hex() for name in ("lower", "upper", "threshold", "began")}
        moves = {name: float(slope).hex() for name, slope in self.companions.items()}
        flags = {"lower_open": bool(self.lower_open), "upper_open": bool(self.upper_open)}
        return {"name": self.name, **arrays, **plain, **flags, "companions": moves, "unfinished": list(self.unfinished)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Profile:
        """The profile that `to_dict` wrote.

        Raises
        ------
        errors in `files.DAMAGE`
            If it is something else.
        """
        values = numbers_from_hexadecimal(content["values"])
        objectives = numbers_from_hexadecimal(content["objectives"])
        if objectives.shape != values.shape:
            raise ValueError(f"{len(values)} values have {len(objectives)} objectives")
        return cls(
            name=str(content["name"]),
            values=values,
            objectives=objectives,
            points=numbers_from_hexadecimal(content["points"]).reshape(len(values), -1),
            lower=float.fromhex(content["lower"]),
            upper=float.fromhex(content["upper"]),
            lower_open=bool(content["lower_open"]),
            upper_open=bool(content["upper_open"]),
            threshold=float.fromhex(content["threshold"]),
            companions={name: float.fromhex(slope) for name, slope in content["companions"].items()},
            unfinished=tuple(content["unfinished"]),
            began=float.fromhex(content["began"]),
        )


@dataclass(frozen=True, eq=False)
class Profiles(Mapping[str, Profile]):
    """Profiles by parameter.

    Attributes
    ----------
    problem : Problem
    best : array, shape (n_estimated,)
        Where they set out, on the optimizer's scale.
    level : float
        Of confidence.
    by_name : dict of name to Profile
    """

    problem: Problem
    best: np.ndarray
    level: float
    by_name: Mapping[str, Profile]

    def __getitem__(self, name: str) -> Profile:
        return self.by_name[name]

    def __repr__(self) -> str:
        return f"<Profiles of '{self.problem.name}', {self.level:.0%}: {listed(self)}>"

    def _repr_html_(self) -> str:
        rows = [[profile.name, profile.lower, profile.upper] for profile in self.by_name.values()]
        return html_card(repr(self).strip("<>"), (), [(["parameter", "lower", "upper"], rows)])

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def inside(self) -> np.ndarray:
        """All parameters at the points below their thresholds, natural units, shape (n_points, n_estimated)."""
        points = [p.points[p.objectives <= p.threshold] for p in self.by_name.values()]
        return self.problem.from_scale(np.concatenate(points))

    def save(self, path: str | Path, with_inputs: bool = True) -> None:
        """Write the profiles and the files of the problem to one JSON file that `load_profiles` reads.

        A problem that was put together in Python is not written; `load_profiles` must then be given it.
        """
        write_atomically(Path(path), json_text(self.to_dict(with_inputs)))

    def to_dict(self, with_inputs: bool = False) -> dict[str, Any]:
        """The JSON form, which reads back to the same bits; of the problem, what tells it from others."""
        profiles = {name: p.to_dict() for name, p in self.by_name.items()}
        best, problem = hexadecimal_text(self.best), problem_to_dict(self.problem, with_inputs)
        return {"format": FORMAT, **problem, "best": best, "level": self.level, "found": profiles}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], problem: Problem) -> Profiles:
        """The profiles that `to_dict` wrote, of their problem.

        Raises
        ------
        ProblemError
            If they are of another problem.
        errors in `files.DAMAGE`
            If it is something else.
        """
        if content["format"] != FORMAT:
            raise ValueError(f"the format is '{content['format']}', not '{FORMAT}'")
        same = problem_from_dict(content, problem)
        n, best = len(problem.names), numbers_from_hexadecimal(content["best"])
        each = {name: Profile.from_dict(p) for name, p in content["found"].items()}
        if not set(each) <= set(problem.names) or {len(best), *(p.points.shape[1] for p in each.values())} != {n}:
            raise ValueError(f"they are not of {n} parameters")
        return cls(same, best, float(content["level"]), each)


def profile(
    objective: Objective,
    x: np.ndarray,
    names: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    points: int = 60,
    workers: int | None = 1,
    executor: Executor | None = None,
    directory: str | Path | None = None,
    progress: TextIO | None = None,
    force: bool = False,
) -> Profiles:
    """Profiles from an optimum.

    Parameters
    ----------
    objective : Objective
    x : array, shape (n_estimated,)
        The optimum, on the optimizer's scale.
    names : sequence of str, optional
        Default: every estimated parameter.
    level : float
        Of confidence.
    points : int
        At most so many to each side.
    workers : int, optional
        Processes; 1 stays in this one; None: one for each core, but no more than parameters, and this one if
        that is quick.
    executor : concurrent.futures.Executor, optional
        Something else that runs tasks, whose workers see the directory.
    directory : str or Path, optional
        Where finished profiles are kept; asked for again, those that are missing are made.
    progress : text stream, optional
        Where a line about every finished profile goes.
    force : bool
        Replace other work that the directory holds.

    Returns
    -------
    Profiles

    Raises
    ------
    FolderError
        If the directory holds other profiles, or something else.
    ProblemError
        For an unknown name, or an executor without a directory.

    Notes
    -----
    Raue et al. 2009, doi 10.1093/bioinformatics/btp358; the limits are where the profile rises above the optimum by
    half the quantile of the chi-squared distribution with one degree of freedom.
    """
    known = objective.problem.names
    chosen = known if names is None else tuple(names)
    for name in chosen:
        if name not in known:
            raise ProblemError([f"{objective.problem.name}: no estimated parameter is called '{name}'"])
    check_shared(executor, directory)
    rise = 0.5 * float(special.chdtri(1.0, 1.0 - level))
    task = _Task(objective.problem, np.array(x), objective.value(x), rise, points)
    with TemporaryDirectory() as temporary:
        folder = Path(directory if directory is not None else temporary)
        wanted = [known.index(name) for name in chosen]
        plan, files = {"level": level, "points": points}, map(profile_file, wanted)
        with work_folder(folder, PROFILES_KIND, objective.problem, plan, files, task.x, force) as work:
            profiles = _finished_profiles(objective, task, wanted, work.path, workers, executor, progress)
    return Profiles(objective.problem, task.x, level, {name: profiles[known.index(name)] for name in chosen})


OF_A_PROFILE = 500
"""Gradients that a profile takes, about."""


@dataclass(frozen=True, eq=False)
class _Task:
    """What the profiles of a problem have in common."""

    problem: Problem
    x: np.ndarray
    best: float
    rise: float
    points: int

    def __call__(self, k: int, folder: Path, objective: Objective | None = None) -> int:
        """Make the profile at position k and keep it."""
        objective = objective or Objective(self.problem)
        result = _profile(objective, self.x, self.best, k, self.rise, self.points)
        write_atomically(folder / profile_file(k), json.dumps(result.to_dict()))
        return k


def profile_file(k: int) -> str:
    """Where the profile at a position is kept."""
    return f"profile_{k:03d}.json"


def _kept(folder: Path, k: int) -> Profile | None:
    """A profile that a folder holds; one whose file is damaged is not there."""
    try:
        return Profile.from_dict(read_json(folder / profile_file(k)))
    except DAMAGE:
        return None


def _finished_profiles(
    objective: Objective,
    task: _Task,
    wanted: list[int],
    folder: Path,
    workers: int | None,
    executor: Executor | None,
    progress: TextIO | None,
) -> dict[int, Profile]:
    """Profiles by position: those that the folder holds, and the missing ones."""
    missing = [k for k in wanted if _kept(folder, k) is None]
    if executor is None:
        quick = workers is None and is_quick(objective, task.x, OF_A_PROFILE * len(missing))
        workers = 1 if quick else process_count(workers, len(missing), task)
    began = time.monotonic()

    def tell(k: int, finished: int) -> None:
        if progress is not None:
            left = duration_in_words((time.monotonic() - began) / finished * (len(missing) - finished))
            print(
                f"profile of {task.problem.names[k]}: {finished} of {len(missing)}; {left} left",
                file=progress,
                flush=True,
            )

    if executor is None and workers == 1:
        for finished, k in enumerate(missing, 1):
            tell(task(k, folder, objective), finished)
    else:
        with process_pool(workers or 1, executor) as pool:
            running = [pool.submit(task, k, folder.resolve()) for k in missing]
            for finished, future in enumerate(as_completed(running), 1):
                tell(future.result(), finished)
    return {k: stored for k in wanted if (stored := _kept(folder, k)) is not None}


def _profile(objective: Objective, x: np.ndarray, best: float, k: int, rise: float, most: int) -> Profile:
    down = _side(objective, x, best, k, -1.0, rise, most)
    up = _side(objective, x, best, k, 1.0, rise, most)
    trail = [*reversed(down), (best, x.copy()), *up]
    at = np.array([p for _, p in trail])
    scaled, objectives = at[:, k], np.array([v for v, _ in trail])
    threshold = min(best, float(objectives.min())) + rise
    lower, lower_open = confidence_limit(scaled[::-1], objectives[::-1], threshold, float(x[k]), -1.0)
    upper, upper_open = confidence_limit(scaled, objectives, threshold, float(x[k]), 1.0)

    walls = [bound[k] for bound in objective.problem.bounds]
    ends = (("downward", lower_open, scaled[0], walls[0]), ("upward", upper_open, scaled[-1], walls[1]))
    unfinished = tuple(side for side, is_open, end, wall in ends if is_open and not _at(float(end), wall))

    def natural(value: float) -> float:
        point = x.copy()
        point[k] = value
        return float(objective.problem.from_scale(point)[k])

    return Profile(
        name=objective.problem.names[k],
        values=objective.problem.from_scale(at)[:, k],
        objectives=objectives,
        points=at,
        lower=natural(lower),
        upper=natural(upper),
        lower_open=lower_open,
        upper_open=upper_open,
        threshold=threshold,
        companions=_companions(objective, at, k, lower_open, upper_open),
        unfinished=unfinished,
        began=best,
    )


def _at(place: float, wall: float) -> bool:
    return abs(place - wall) <= 1e-12 * max(1.0, abs(wall))


def _side(
    objective: Objective, x: np.ndarray, best: float, k: int, sign: float, rise: float, most: int
) -> list[tuple[float, np.ndarray]]:
    """Points to one side, until the profile has passed the threshold or the bound."""
    lower, upper = objective.problem.bounds
    wall = lower[k] if sign < 0 else upper[k]
    information = objective(x).information
    curvature = _schur(information, k) if information is not None else 0.0
    step = math.sqrt(0.2 * rise / curvature) if curvature > 0.0 else 0.1
    reach = abs(wall - x[k]) if math.isfinite(wall) else 1e3 * step
    step = min(max(step, 1e-4 * reach), max(0.1 * reach, 1e-12))
    trail: list[tuple[float, np.ndarray]] = []
    point, value, before = x.copy(), best, x.copy()
    for _ in range(most):
        if _at(float(point[k]), wall):
            break
        place = point[k] + sign * step
        place = min(place, wall) if sign > 0 else max(place, wall)
        start = point + (point - before) * (
            (place - point[k]) / (point[k] - before[k]) if point[k] != before[k] else 0.0
        )
        lowest, optimum = optimum_with_one_held(objective, np.clip(start, lower, upper), k, place)
        if not math.isfinite(lowest) or (lowest - value > rise and step > 1e-3 * max(abs(place), 1e-3)):
            step *= 0.4
            if step < 1e-7 * max(1.0, abs(point[k])):
                break
            continue
        growth = lowest - value
        before, point, value = point, optimum, lowest
        trail.append((value, point))
        if value > best + 1.05 * rise:
            break
        if growth < 0.05 * rise:
            step *= 2.0
        elif growth > 0.3 * rise:
            step *= 0.6
    return trail


def _schur(information: np.ndarray, k: int) -> float:
    """Curvature of the objective along one parameter with the others following."""
    others = np.arange(len(information)) != k
    block = information[np.ix_(others, others)]
    cross = information[others, k]
    return float(information[k, k] - cross @ np.linalg.lstsq(block, cross, rcond=1e-10)[0])


def optimum_with_one_held(
    objective: Objective, start: np.ndarray, k: int, place: float, iterations: int = 60
) -> tuple[float, np.ndarray]:
    """The best point with one parameter held."""
    free = np.arange(len(start)) != k
    lower, upper = objective.problem.bounds
    at = start.copy()
    at[k] = place
    if not free.any():
        return objective.value(at), at

    def evaluate(part: np.ndarray) -> Evaluation:
        at[free] = part
        evaluation = objective(at)
        if evaluation.gradient is None or evaluation.information is None:
            return evaluation
        return Evaluation(evaluation.value, evaluation.gradient[free], evaluation.information[np.ix_(free, free)])

    def value(part: np.ndarray) -> float:
        at[free] = part
        return objective.value(at)

    settings = TrustRegionOptions(iterations=iterations, first_radius=0.3, value_tolerance=1e-6)
    optimum = minimize(evaluate, value, start[free], (lower[free], upper[free]), settings)
    point = at.copy()
    point[free] = optimum.x
    return optimum.value, point


def confidence_limit(
    places: np.ndarray, objectives: np.ndarray, threshold: float, centre: float, sign: float
) -> tuple[float, bool]:
    """Where the profile, followed to one side, crosses the threshold; and whether it does not."""
    outward = sign * places > sign * centre
    walk = [(centre, float(objectives[places == centre].min()))]
    walk += [(float(p), float(v)) for p, v in zip(places[outward], objectives[outward], strict=True)]
    for (p0, v0), (p1, v1) in pairwise(walk):
        if v1 > threshold >= v0:
            # The square root of the rise is nearly straight.
            low = min(v for _, v in walk)
            a, b, c = (math.sqrt(max(v - low, 0.0)) for v in (v0, threshold, v1))
            return p0 + (p1 - p0) * (b - a) / (c - a), False
    return walk[-1][0], True


def _companions(objective: Objective, at: np.ndarray, k: int, down: bool, up: bool) -> dict[str, float]:
    """Parameters that run along with an open profile, by their slopes at its open end."""
    if not (down or up) or len(at) < 3:
        return {}
    end, inner = (at[-1], at[len(at) // 2]) if up else (at[0], at[len(at) // 2])
    span = end[k] - inner[k]
    if span == 0.0:
        return {}
    slopes = (end - inner) / span
    return {n: float(s) for n, s in zip(objective.problem.names, slopes, strict=True) if abs(s) > 0.05 and s != 1.0}
