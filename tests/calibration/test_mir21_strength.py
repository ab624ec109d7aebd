"""miR-21 against PTEN protein in tumors, a stated comparison: the model says less PTEN, TCGA does not show it.

The table of tumors is not shipped; where the environment variable TCGA_BRCA_MIR21_PTEN names it, it is judged anew.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from .scripts import script

TABLE = os.environ.get("TCGA_BRCA_MIR21_PTEN", "")


@pytest.fixture(scope="module")
def strength():
    return script("mir21_strength")


def test_a_doubling_that_costs_a_quarter_has_its_slope(strength):
    mir21 = 1e5 * 2.0 ** np.random.default_rng(1).normal(size=200)
    pten = np.log2(0.75) * np.log2(mir21)
    rows = [{"mir21_rpm": str(m), "PTEN": str(p)} for m, p in zip(mir21, pten, strict=True)]
    found = strength.association(rows)
    assert found["n"] == 200 and found["rho"] == pytest.approx(-1.0)
    assert found["slope"] == pytest.approx(np.log2(0.75), rel=1e-6)


@pytest.mark.skipif(not Path(TABLE).is_file(), reason="TCGA_BRCA_MIR21_PTEN names no table of tumors")
def test_tumors_do_not_show_less_pten_with_more_mir21(strength):
    rows = strength.tumors(Path(TABLE))
    every = strength.association(rows)
    positive = strength.association([row for row in rows if row["her2_status"] == "positive"])
    assert (every["n"], positive["n"]) == (397, 73)
    assert every["rho"] == pytest.approx(0.10, abs=0.005)
    assert positive["rho"] == pytest.approx(-0.03, abs=0.005)
    # The chosen strength of the model, -0.37 from untreated parental to resistant cells, lies outside both.
    assert every["slope"] - 1.96 * every["error"] > -0.37
    assert positive["slope"] - 1.96 * positive["error"] > -0.37


def test_only_the_strength_is_drawn(strength):
    from pathway.scenario import built_in_laboratory
    from pathway.scenario.drawn_cells import drawn_laboratory

    laboratory = built_in_laboratory()
    before = laboratory.parameters_of("skbr3", Path())
    after = drawn_laboratory(laboratory, 1, 0, strength.STRENGTH).parameters_of("skbr3", Path())
    moved = {n for n, a, b in zip(laboratory.model.parameters, before, after, strict=True) if a != b}
    assert moved == {*strength.STRENGTH, "mu_max", "PTEN_synthesis_scale"}
