"""Figures of the analyses: every axis says what it shows and in which unit, nothing runs off the page."""

import numpy as np
import pytest

from pathway.analysis.continuation import System, follow
from pathway.analysis.control import control_coefficients
from pathway.analysis.dose_series import dose_series
from pathway.analysis.explain import explain
from pathway.analysis.global_sensitivity import Ranges, morris, sobol
from pathway.analysis.grid import combination
from pathway.analysis.screen import screen
from pathway.expressions import parse
from pathway.plotting.branch_figure import plot_branches
from pathway.plotting.control_figure import plot_control
from pathway.plotting.dose_figure import plot_dose_series
from pathway.plotting.network_figure import EDGES, NODES, ROUND, plot_explanation
from pathway.plotting.screen_figure import plot_screen
from pathway.plotting.sensitivity_figure import plot_morris, plot_sobol
from pathway.plotting.style import save
from pathway.plotting.synergy_figure import plot_grid
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.run import dishes

RANGES = Ranges(("first", "second"), np.zeros(2), np.ones(2), np.zeros(2, dtype=bool))


@pytest.fixture(scope="module")
def laboratory():
    return built_in_laboratory()


@pytest.fixture(scope="module")
def scenario():
    return read_scenario("antimir21_resensitises")


def control(laboratory, scenario):
    (dish,) = dishes(scenario, [scenario.arm("untreated")], laboratory)
    return plot_control(control_coefficients(laboratory.model, dish.parameters, dish.state, ["pAKT"]), "BT-474")


def switch(laboratory, scenario):
    system = System(["x"], [parse("b - 11*x + 6*x^2 - x^3")], "b", {})
    branch = follow(system, np.array([0.2]), 2.0, 0.0, 12.0)
    return plot_branches([("x", branch, {"x": branch.of("x")})], ["x"], {"x": "nM", "b": "nM/h"}, "A switch", "Folds.")


FIGURES = {
    "doses": lambda lab, sc: plot_dose_series(dose_series(sc, lab, arms=["trastuzumab", "both"])),
    "grid": lambda lab, sc: plot_grid(combination(sc, lab)),
    "screen": lambda lab, sc: plot_screen(screen(sc, lab, kinds=("species",), pairs=8)),
    "explanation": lambda lab, sc: plot_explanation(explain(sc, lab, arm="trastuzumab", reference="both")),
    "sobol": lambda lab, sc: plot_sobol(sobol(lambda x: x[:, 0] + x[:, 0] * x[:, 1], RANGES, 64), "Indices"),
    "morris": lambda lab, sc: plot_morris(morris(lambda x: x[:, 0] - x[:, 1], RANGES, 10), "Effects", "1"),
    "control": control,
    "branches": switch,
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_complete(name, laboratory, scenario, tmp_path):
    figure = FIGURES[name](laboratory, scenario)
    svg, png = save(figure, tmp_path / name)
    assert svg.stat().st_size > 2000 and png.stat().st_size > 5000
    labelled = [axes for axes in figure.axes if axes.get_xlabel() or axes.get_ylabel()]
    assert labelled
    for axes in labelled:
        for label in (axes.get_xlabel(), axes.get_ylabel()):
            assert not label or "[" in label or "fraction" in label, label
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    for text in figure.texts:
        box = text.get_window_extent(renderer)
        assert box.x0 >= page.x0 - 2 and box.x1 <= page.x1 + 2 and box.y0 >= page.y0 - 2, text.get_text()


def test_the_map_has_every_node_once_and_no_two_in_one_place(laboratory):
    places = [node[:2] for node in NODES.values()]
    assert len(set(places)) == len(places)
    for start, end, *_ in (*EDGES, *ROUND):
        assert start in NODES and end in NODES
    for node in NODES.values():
        assert node[3] in laboratory.units
