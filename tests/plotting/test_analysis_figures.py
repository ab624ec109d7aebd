"""Figures of the analyses: every axis says what it shows and in which unit, nothing runs off the page."""

import numpy as np
import pytest
from matplotlib.text import Text

from pathway.analysis.combination import combination
from pathway.analysis.continuation import System, fold_curve, follow
from pathway.analysis.control import control_of_draws
from pathway.analysis.dose_series import dose_series
from pathway.analysis.draws import from_ranges
from pathway.analysis.explain import explain
from pathway.analysis.global_sensitivity import Ranges, morris, sobol
from pathway.analysis.scenario_cells import single_cells
from pathway.analysis.scenario_sensitivity import courses_of
from pathway.analysis.schedules import schedules
from pathway.analysis.screen import screen
from pathway.analysis.switch import switch
from pathway.expressions import parse
from pathway.network import circuit
from pathway.plotting.branch_figure import plot_branches, plot_switch
from pathway.plotting.cell_figure import plot_single_cells
from pathway.plotting.control_figure import plot_control, plot_time_sensitivities
from pathway.plotting.dose_figure import plot_dose_series
from pathway.plotting.network_figure import plot_explanation
from pathway.plotting.screen_figure import plot_screen
from pathway.plotting.sensitivity_figure import plot_morris, plot_sobol
from pathway.plotting.style import save
from pathway.plotting.synergy_figure import plot_grid
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.arms import arm_setups
from pathway.simulation.steady import steady_states

RANGES = Ranges(("first", "second"), np.zeros(2), np.ones(2), np.zeros(2, dtype=bool))


@pytest.fixture(scope="module")
def laboratory():
    return built_in_laboratory()


@pytest.fixture(scope="module")
def scenario():
    return read_scenario("antimir21_resensitises")


def control(laboratory, scenario):
    (setup,) = arm_setups(scenario, [scenario.arm("untreated")], laboratory)
    rows = np.stack([setup.parameters * factor for factor in (1.0, 1.1, 0.9)])
    states = steady_states(laboratory.model, np.tile(setup.state, (3, 1)), rows)[0]
    return plot_control(control_of_draws(laboratory.model, rows, states, ["pAKT"]), "BT-474")


def grid(laboratory, scenario):
    draws = from_ranges(laboratory, ("bt474_resistant",), scenario.file.parent, 3)
    given = schedules(scenario, laboratory, [-48.0, 0.0, 48.0], draws=draws)
    return plot_grid(combination(scenario, laboratory, draws=draws), given)


def time_courses(laboratory, scenario):
    found = courses_of(scenario, laboratory, scenario.arm("both"), ["pAKT", "PTEN"], ["k_PTEN", "Km_PTEN"], steps=6)
    return plot_time_sensitivities(found, "When")


def textbook_switch(laboratory, scenario):
    system = System(["x"], [parse("b - q*x + 6*x^2 - x^3")], "b", {"q": 11.0})
    branch = follow(system, np.array([0.2]), 2.0, 0.0, 12.0)
    curve = fold_curve(system, branch.folds()[0], "q", 5.0, 13.0, limits=(0.0, 20.0))
    units = {"x": "nM", "b": "nM/h", "q": "1/h"}
    drawn = [("x", branch, {"x": branch.of("x")})]
    return plot_branches(drawn, ["x"], units, "A switch", "Folds.", fold_curves=[("x", curve)], against="q")


FIGURES = {
    "doses": lambda lab, sc: plot_dose_series(dose_series(sc, lab, arms=["trastuzumab", "both"])),
    "grid": grid,
    "large grid": lambda lab, sc: plot_grid(combination(sc, lab, size=(12, 11))),
    "screen": lambda lab, sc: plot_screen(screen(sc, lab, kinds=("species", "reaction"), pairs=50)),
    "time": time_courses,
    "cells": lambda lab, sc: plot_single_cells(single_cells(sc, lab, n_cells=30, transcription=[1.0, 1000.0])),
    "switch": lambda lab, sc: plot_switch(switch(sc, lab, readings=["PTEN", "pAKT"])),
    "explanation": lambda lab, sc: plot_explanation(explain(sc, lab, arm="trastuzumab", reference="both")),
    "fluxes": lambda lab, sc: plot_explanation(explain(sc, lab, arm="trastuzumab", reference="both"), "flux"),
    "sobol": lambda lab, sc: plot_sobol(sobol(lambda x: x[:, 0] + x[:, 0] * x[:, 1], RANGES, 64), "Indices"),
    "morris": lambda lab, sc: plot_morris(morris(lambda x: x[:, 0] - x[:, 1], RANGES, 10), "Effects", "1"),
    "control": control,
    "branches": textbook_switch,
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
    assert not [text for text in figure.findobj(Text) if "$" in text.get_text()]
    # Everything that is drawn, tick labels too, lies on the page.
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    wide, tall = figure.get_size_inches()
    assert box.x0 >= -0.02 and box.y0 >= -0.02 and box.x1 <= wide + 0.02 and box.y1 <= tall + 0.02, box


def test_the_map_has_every_node_once_and_no_two_in_one_place(laboratory, scenario):
    nodes = circuit().map_nodes
    assert len({node.name for node in nodes}) == len({(node.x, node.y) for node in nodes}) == len(nodes)
    levels = explain(scenario, laboratory, arm="trastuzumab", reference="both").levels
    assert {node.quantity for node in nodes} <= levels.keys()
    edges = circuit().map_edges
    assert len({(edge.start, edge.end) for edge in edges}) == len(edges)
