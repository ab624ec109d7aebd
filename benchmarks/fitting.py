"""`python -m benchmarks.fitting FOLDER`: objective and gradient of PEtab problems beside pyPESTO + AMICI.

Each tool runs at the loosest tolerance whose gradient is right to the target, at a point away from the optimum; then
both are asked in turn, for a quarter of a second each time, and processor time is counted where the work is done.
AMICI_PYTHON names the Python that has pyPESTO and AMICI; models are compiled once, into AMICI_MODELS.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from pathway.fitting.objective import Objective
from pathway.fitting.objective.assembled import simulation_plan
from pathway.formats.petab import read_petab
from pathway.kernels import cache_directory
from pathway.simulation.protocol.runner import Runner

from .other_python import OtherPython

NAMES = ("Boehm_JProteomeRes2014", "Fujita_SciSignal2010", "Raia_CancerResearch2011")
LADDER = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
TARGET = 1e-5
"""Largest deviation of a gradient over its largest entry."""

ABSOLUTE = 1e-4
"""AMICI's absolute tolerance as a share of the relative one, tried beside its default."""


BURST = 0.25
"""Seconds that a tool works before it is the other's turn: a fit asks again and again, with caches warm."""


FASTER = 0.1
"""Share of the calls that is faster than what is told."""


def peer(yaml: Path) -> OtherPython:
    """pyPESTO + AMICI in a process of its own."""
    folder = os.environ.get("AMICI_MODELS", str(cache_directory() / "benchmarks" / "amici"))
    worker = Path(__file__).with_name("fitting_worker.py")
    return OtherPython(os.environ["AMICI_PYTHON"], worker, {"yaml": str(yaml), "folder": folder})


class Case:
    """One problem, a point, and the gradient there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, yaml = name, folder / name / f"{name}.yaml"
        self.problem = read_petab(yaml)
        self.plan = simulation_plan(self.problem)
        best = np.clip(self.problem.to_scale(self.problem.nominal), *self.problem.bounds)
        self.x = np.clip(best + 0.1 * np.random.default_rng(1).normal(size=len(best)), *self.problem.bounds)
        self.truth = self._objective(1e-11, 1e-8)(self.x).gradient
        self.peer = peer(yaml)

    def _objective(self, relative: float, slope: float = 1e-4) -> Objective:
        return Objective(self.problem, Runner(self.plan, relative_tolerance=relative, slope_tolerance=slope))

    def error(self, gradient: np.ndarray) -> float:
        return float(np.abs(gradient - self.truth).max() / np.abs(self.truth).max())

    def own_setting(self) -> tuple[float, float, Objective]:
        """The loosest tolerance that meets the target, its error, and the objective."""
        for relative in LADDER:
            objective = self._objective(relative)
            error = self.error(objective(self.x).gradient)
            if error <= TARGET:
                return relative, error, objective
        raise RuntimeError(f"{self.name}: no tolerance meets {TARGET}")

    def asked(self, setting: tuple[str, float, float], calls: int = 1) -> dict[str, Any]:
        method, relative, absolute = setting
        names = self.problem.names
        question = {"method": method, "rtol": relative, "atol": absolute, "calls": calls}
        reply = self.peer.ask({**question, "x": dict(zip(names, map(float, self.x), strict=True))})
        reply["error"] = self.error(np.array([reply["gradient"][n] for n in names]))
        return reply

    def peer_setting(self) -> tuple[tuple[str, float, float], float]:
        """The fastest setting that meets the target, and its error."""
        settings = []
        for method in ("forward", "adjoint"):
            for floor in (lambda r: 1e-16, lambda r: ABSOLUTE * r):
                for relative in LADDER:
                    setting = (method, relative, floor(relative))
                    try:
                        reply = self.asked(setting, 3)
                    except RuntimeError:
                        continue
                    if reply["error"] <= TARGET:
                        settings.append((min(reply["seconds"]), setting, reply["error"]))
                        break
        if not settings:
            raise RuntimeError(f"{self.name}: no setting of AMICI meets {TARGET}")
        return min(settings)[1:]


def measured(case: Case, rounds: int) -> str:
    """One row of the table."""
    relative, own_error, objective = case.own_setting()
    setting, peer_error = case.peer_setting()
    own, peer, solver = [], [], []
    calls = max(round(BURST / min(case.asked(setting, 3)["seconds"])), 3)
    for _ in range(rounds):
        until = time.process_time() + BURST
        while time.process_time() < until:
            began = time.process_time()
            objective(case.x)
            own.append(time.process_time() - began)
        reply = case.asked(setting, calls)
        peer += reply["seconds"]
        solver.append(reply["solver"])
    # A machine with other work only ever adds: of both, what the faster calls take.
    a, b, c = (1e3 * float(np.quantile(v, FASTER)) for v in (own, peer, solver))
    return (
        f"| {case.name} | {len(case.x)} | {a:.2f} ms ({relative:g}, {own_error:.0e}) | "
        f"{b:.1f} ms ({setting[0]}, {setting[1]:g}, {peer_error:.0e}) | {c:.1f} ms | **{b / a:.0f}** | {c / a:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fitting", description=__doc__)
    parser.add_argument("folder", type=Path, help="the PEtab benchmark collection")
    parser.add_argument("--problems", nargs="+", default=list(NAMES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = [
        "# Objective and gradient of a fit",
        "",
        f"`python -m benchmarks.fitting`, {time.strftime('%Y-%m-%d %H:%M')}. Processor time of a call, asked in turn",
        "(a tenth are faster); in brackets tolerance and error of the gradient (deviation over its largest entry, at",
        f"most {TARGET:g}). Solver: what AMICI counts for itself; the rest is pyPESTO and the Python around AMICI.",
        "",
        "| problem | parameters | pathway | pyPESTO + AMICI | of which solver | times as long | solver alone |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in options.problems:
        lines.append(measured(Case(options.folder, name), options.rounds))
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
