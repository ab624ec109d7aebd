"""The reference for the response surface: circuit and pharmacokinetics as one stiff system, two years long."""

import numpy as np

from pathway.clinic.pharmacokinetics import pharmacokinetic_model
from pathway.clinic.schedule import infusion_interventions
from pathway.clinic.traits import draw_traits
from pathway.equations import network_model
from pathway.network import circuit
from pathway.network.pharmacokinetics import with_pharmacokinetics
from pathway.simulation import simulate_ensemble
from pathway.simulation.steady import steady_states

DAY = 24.0


def growth_of_full_simulation(plan, cells, members, numbers, times):
    """Integral of growth over untreated growth in days under the first arm, shape (n_women, n_times), by simulating
    every reaction of circuit and pharmacokinetics; times in days."""
    draws = draw_traits(plan.traits, plan.correlations, plan.seed, list(numbers))
    n = len(numbers)
    woman = pharmacokinetic_model()
    own = {name: cells.parameters[members][:, k] for k, name in enumerate(cells.model.parameters)}
    of_circuit = draws.apply(own, plan.covariates)
    of_woman = draws.apply(
        {name: np.full(n, v) for name, v in zip(woman.parameters, woman.parameter_values, strict=True)}, plan.covariates
    )
    values = {**of_circuit, **of_woman}  # the loss of antibody is the tumor's
    network = with_pharmacokinetics(circuit())
    model = network_model("a woman with her tumor", network, {p.name: 1.0 for p in network.parameters})
    rows = np.stack([values[name] for name in model.parameters], axis=1)
    held = np.stack([of_circuit[name] for name in cells.model.parameters], axis=1)
    rest, _ = steady_states(cells.model, cells.states[members], held)
    starts = np.zeros((n, len(model.species)))
    for k, name in enumerate(cells.model.species):
        starts[:, model.species_index(name)] = rest[:, k]
    starts[:, model.species_index("log_cell_number")] = 0.0
    ends = times[-1] * DAY
    steps = [step for step in infusion_interventions(plan.arms[0].infusions) if step.time <= ends]
    found = simulate_ensemble(
        model, times * DAY, rows, initial=starts, interventions=steps, observables=("log_cell_number", "growth_rate"),
        start=0.0, relative_tolerance=1e-7, workers=1,
    )  # fmt: skip
    assert not found.failures
    untreated = simulate_ensemble(
        model, [0.0, 1e-6], rows, initial=starts, observables=("growth_rate",), start=0.0, workers=1
    ).values[:, 0, 0]
    return found.values[:, :, 0] / (untreated[:, None] * DAY)
