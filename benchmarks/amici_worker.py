"""Runs AMICI in its own Python: reads one JSON line per question, answers with one, leaves arrays in a file."""

import hashlib
import time
from pathlib import Path

import amici
import amici.sim.sundials as sim
import numpy as np
from other_python import serve


def load(question):
    """The compiled model; made once and kept in the folder."""
    content = hashlib.sha256(Path(question["sbml"]).read_bytes()).hexdigest()[:12]
    name = f"bench_{question['name'].lower()}_{content}"
    folder = Path(question["folder"]) / name
    if not (folder / "finished").exists():
        amici.SbmlImporter(question["sbml"]).sbml2amici(name, str(folder))
        (folder / "finished").touch()
    return amici.import_model_module(name, str(folder)).get_model()


class Worker:
    def __init__(self, question):
        self.question = question
        self.model = load(question)
        self.model.set_timepoints(np.linspace(0.0, question["end"], question["points"]))
        self.solver = self.model.create_solver()
        self.solver.set_max_steps(10_000_000)
        ids = list(self.model.get_state_ids())
        self.columns = [ids.index(name) if name in ids else -1 for name in question["species"]]
        parameters = list(self.model.get_free_parameter_ids())
        self.directions = [parameters.index(name) for name in question["directions"] if name in parameters]

    def settings(self, question):
        self.solver.set_relative_tolerance(question["rtol"])
        self.solver.set_absolute_tolerance(question["atol"])
        if question["do"] == "sensitivities":
            self.solver.set_sensitivity_order(sim.SensitivityOrder_first)
            self.solver.set_sensitivity_method(sim.SensitivityMethod_forward)
            self.solver.set_relative_tolerance_fsa(question["rtol"])
            self.solver.set_absolute_tolerance_fsa(question["atol"])
            self.model.set_parameter_list(self.directions)
        else:
            self.solver.set_sensitivity_order(sim.SensitivityOrder_none)

    def once(self, kind):
        """The values, and the seconds that AMICI's solver counts for itself (CVODES, without the way to Python)."""
        result = sim.run_simulation(self.model, self.solver)
        if result["status"] != 0:
            raise RuntimeError(f"status {result['status']}")
        return np.asarray(result["sx"] if kind == "sensitivities" else result["x"]), 1e-3 * result["cpu_time"]

    def answer(self, question):
        self.settings(question)
        if question["calls"]:
            whole, solver = [], []
            for _ in range(question["calls"]):
                start = time.process_time()
                solver.append(self.once(question["do"])[1])
                whole.append(time.process_time() - start)
            return {"call": whole, "solver": solver}
        values, _ = self.once(question["do"])
        axis = values.ndim - 1
        full = np.zeros((*values.shape[:axis], len(self.columns)))
        for k, column in enumerate(self.columns):
            if column >= 0:
                full[..., k] = values[..., column]
        if question["do"] == "sensitivities":
            full = np.moveaxis(full, 1, 2)
        np.save(self.question["answer"], full)
        return {"missing": [n for n, c in zip(self.question["species"], self.columns, strict=True) if c < 0]}


serve(Worker)
