"""The way to the most probable point, against a closed form and a search that knows nothing of slopes."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize

from calibration import mode
from calibration.mode import ENOUGH, climb_to_mode, height, number_profile
from calibration.populations import FINDINGS, judged
from pathway import parameters
from pathway.errors import InputError, UnknownNameError
from pathway.parameters.parameter_ensemble import SHIPPED, read_ensemble
from pathway.parameters.read import read_reference

from .targets import Banana, Linear, Switched


def test_a_linear_posterior_is_highest_at_its_mean():
    target = Linear()
    found = climb_to_mode(target, target.simulate, np.full(12, 2.0))
    assert found.z[0] == pytest.approx(target.exact(True)[0], abs=2e-2)


def test_a_bent_posterior_is_climbed_to_its_top():
    target = Banana(4)
    target.residuals = lambda z, simulated: simulated / 0.1
    found = climb_to_mode(target, target.simulate, np.array([2.0, -1.0, 1.0, 0.5]))

    def depth(z):
        return -height(judged(target, z[None], target.simulate(z[None]), FINDINGS))[0]

    best = minimize(depth, [1.0, 0.1, 0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9}).fun
    assert height(found)[0] == pytest.approx(-best, abs=ENOUGH)


def test_switches_stay_and_a_coordinate_that_no_run_sees_is_found():
    target = Switched()
    target.residuals = lambda z, simulated: (simulated - target.data) / np.exp(z[:, 3:] / 2)
    found = climb_to_mode(target, target.simulate, np.array([0.0, -2.0, 1.0, 2.0]))
    assert found.z[0, 1:3].tolist() == [-2.0, 1.0]

    def depth(free):
        z = np.array([[free[0], -2.0, 1.0, free[1]]])
        return -height(judged(target, z, target.simulate(z), FINDINGS))[0]

    best = minimize(depth, [0.0, 0.0]).x
    assert found.z[0, [0, 3]] == pytest.approx(best, abs=0.05)


def test_a_start_that_cannot_be_simulated_is_refused():
    target = Linear()
    with pytest.raises(InputError, match="cannot be simulated"):
        climb_to_mode(target, lambda z: np.full((len(z), len(target.data)), np.nan), np.zeros(12))


def test_a_number_held_costs_what_the_measured_data_say_of_it():
    target = Linear()
    names = [f"finding:V{k}@x" for k in range(len(target.data) - target.split)]
    target.problem = SimpleNamespace(findings=SimpleNamespace(table=[SimpleNamespace(column=name) for name in names]))
    mean, covariance = target.exact(False)
    direction = target.design[target.split + 2]
    center, spread = direction @ mean, np.sqrt(direction @ covariance @ direction)
    rows = number_profile(target, mean, "V2@x", [center, center + spread, center + 2 * spread])
    numbers, heights = np.array(rows).T
    assert heights[0] - heights == pytest.approx(0.5 * ((numbers - center) / spread) ** 2, abs=0.02)
    assert numbers == pytest.approx([center, center + spread, center + 2 * spread], abs=0.05)
    with pytest.raises(UnknownNameError, match="Did you mean 'V2@x'"):
        number_profile(target, mean, "V2@y", [0.0])


def test_values_stand_beside_what_their_sources_say(tmp_path, monkeypatch):
    ensemble = read_ensemble(SHIPPED)
    folder = tmp_path / "cells"
    folder.mkdir()
    for name in ("reference.toml", "cells/bt474.toml"):
        (tmp_path / name).write_bytes((mode.HERE / name).read_bytes())
    monkeypatch.setattr(mode, "HERE", tmp_path)
    known = parameters.reference_entries()
    name = next(n for n in ensemble.names if n in known and known[n].value > 0.0)
    entry, own = known[name], parameters.cell_line("bt474").entries["HER2_level"]
    values = {name: entry.range[1], "bt474.HER2_level": own.range[0], "loop.shedding": 1.0, "nuisance.dose": 2.0}
    for _ in range(2):  # a second time in place of the first
        assert mode.write_values(values, ensemble) == 2
    units = {n: e.unit for n, e in known.items()}
    found = read_reference(tmp_path / "reference.toml", units, parameters.sources())[name]
    assert found.value == pytest.approx(entry.range[1], rel=1e-5)
    assert found.stated == pytest.approx(entry.value if entry.stated is None else entry.stated)
    assert found.source == entry.source and found.interval is not None
    line = (tmp_path / "cells/bt474.toml").read_text(encoding="utf-8").split("[HER2_level]")[1].split("[")[0:2]
    assert f"calibrated = {{ value = {own.range[0]:.6g}, interval = " in "[".join(line)
