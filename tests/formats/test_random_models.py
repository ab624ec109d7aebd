"""Random models that mix what SBML offers, against libRoadRunner."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from pathway.formats.sbml import read_sbml_text
from pathway.simulation import simulate
from tests.formats.random_models import END, random_model

pytestmark = pytest.mark.skipif(importlib.util.find_spec("roadrunner") is None, reason="not installed: roadrunner")

TIMES = np.linspace(0.0, END, 41)


def _compared(seed: int) -> bool:
    """Whether the other program finished; fails where it did and the numbers differ."""
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    text = random_model(seed)
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-12
    runner.integrator.setValue("maximum_num_steps", 20_000)
    found = read_sbml_text(text)
    others = [n for n in found.values if n not in found.amounts and not n.startswith("R")]
    runner.timeCourseSelections = [*found.amounts, *(f"[{n}]" for n in found.amounts), *others]
    try:
        expected = np.array(runner.simulate(0, END, len(TIMES)))
    except RuntimeError:
        return False  # its step control does not get past some switches
    forms = [*found.amounts.values(), *found.concentrations.values(), *(found.values[n] for n in others)]
    model = replace(found.model, observables={f"reported {i}": form for i, form in enumerate(forms)})
    course = simulate(model, TIMES, relative_tolerance=1e-9, absolute_tolerance=1e-12).observables()
    np.testing.assert_allclose(course, expected, rtol=1e-5, atol=1e-7, err_msg=f"random model {seed}")
    return True


def test_a_few_random_models_agree_with_libroadrunner() -> None:
    assert sum(map(_compared, range(8))) >= 6


@pytest.mark.slow
def test_random_models_agree_with_libroadrunner() -> None:
    assert sum(map(_compared, range(8, 308))) >= 240
