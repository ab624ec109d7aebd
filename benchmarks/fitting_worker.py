"""Runs pyPESTO + AMICI in its own Python: reads one JSON line per question, answers with one."""

import time
import warnings
from pathlib import Path

import amici.sim.sundials as sim
import numpy as np
import petab.v1 as petab
import pypesto.petab
from other_python import serve

warnings.filterwarnings("ignore")
METHODS = {"forward": sim.SensitivityMethod.forward, "adjoint": sim.SensitivityMethod.adjoint}


class Worker:
    def __init__(self, question):
        table = petab.Problem.from_yaml(question["yaml"])
        name = Path(question["yaml"]).stem
        importer = pypesto.petab.PetabImporter(table, output_folder=f"{question['folder']}/{name}", model_name=name)
        self.objective = importer.create_problem(verbose=False).objective
        self.names = list(table.x_free_ids)

    def answer(self, question):
        solver = self.objective.amici_solver
        solver.set_relative_tolerance(question["rtol"])
        solver.set_absolute_tolerance(question["atol"])
        solver.set_sensitivity_method(METHODS[question["method"]])
        x = np.array([question["x"][name] for name in self.names])
        seconds, solved = [], []
        for _ in range(max(question["calls"], 1)):
            began = time.process_time()
            value, gradient = self.objective(x, (0, 1))
            seconds.append(time.process_time() - began)
        result = self.objective(x, (0, 1), return_dict=True)
        solved = sum(1e-3 * r["cpu_time_total"] for r in result["rdatas"])
        return {
            "value": float(value),
            "gradient": dict(zip(self.names, map(float, gradient), strict=True)),
            "seconds": seconds,
            "solver": solved,
        }


serve(Worker)
