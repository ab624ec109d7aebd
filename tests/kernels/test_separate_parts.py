"""Parts that are compiled at different times share the rows of the parameter array."""

import numpy as np

from pathway.equations.derivatives import parameter_derivatives
from pathway.expressions.evaluation import evaluate_all
from pathway.kernels import compile_model
from pathway.scenario.built_in import circuit_model
from pathway.simulation.prepared import prepare_model
from pathway.simulation.solvers.batch import evaluate_kernel_rows


def test_parameter_derivatives_compiled_alone_are_those_of_the_formulas():
    model = circuit_model()
    kernels = prepare_model(model).kernels(1)  # has prepared the shared rows
    alone = compile_model(model, 1, ("parameter_jacobian",))
    pattern = alone.patterns["parameter_jacobian"]
    state = np.maximum(model.initial_values, 0.01)
    values = model.parameter_values
    address = alone.address("parameter_jacobian")
    found = evaluate_kernel_rows(kernels, address, len(pattern), np.zeros(1), state[None], values[None])[0]
    known = dict(zip(model.species, map(float, state), strict=True)) | {"time": 0.0}
    known |= dict(zip(model.parameters, map(float, values), strict=True))
    expected = parameter_derivatives(model)
    slopes = dict(
        zip(zip(expected.rows, expected.columns, strict=True), evaluate_all(expected.entries, known), strict=True)
    )
    wanted = np.array([slopes.get(place, 0.0) for place in zip(pattern.rows, pattern.columns, strict=True)])
    assert np.allclose(found, wanted, rtol=1e-9, atol=1e-12)
