"""The figure shows every arm and observable with units, and looks the same every time."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import pathway
from pathway.plotting import plot, save_figure
from pathway.plotting.layout import Page
from pathway.plotting.run_figure import _doublings, arm_groups, arm_styles, plot_result
from pathway.plotting.style import MOST_CURVES, PALETTE, house_style
from pathway.scenario import read_scenario, run_scenario
from tests.plotting.boxes import drawn_texts, overlapping
from tests.scenario.toy import toy_laboratory

TEXT = """
title = "A drug and a ligand"
cells = "slow"
[time]
end = "72 h"
[dose.d]
agent = "drug"
amount = "10 nM"
[dose.l]
agent = "ligand"
amount = "2 nM"
at = "-12 h"
every = "24 h"
[growth_rate]
of = ["d"]
[[arm]]
name = "untreated"
[[arm]]
name = "drug"
doses = ["d"]
[[arm]]
name = "both"
doses = ["d", "l"]
[show]
observables = ["protein", "ligand", "cell_number"]
[data]
file = "points.csv"
"""


@pytest.fixture
def result(tmp_path):
    (tmp_path / "toy.toml").write_text(TEXT)
    points = "arm,time,observable,value,unit,error\ndrug,24,protein,40,nM,4\nboth,1 d,ligand,0.5,nM,\n"
    (tmp_path / "points.csv").write_text(points)
    laboratory = toy_laboratory()
    return run_scenario(read_scenario(tmp_path / "toy.toml", (), laboratory), laboratory)


def test_every_axis_says_what_it_counts_and_every_arm_has_its_line(result):
    figure = plot(result)
    axes = figure.axes
    assert [a.get_ylabel() for a in axes[1:4]] == ["nM", "nM", "cells, fold of start"]
    assert [len([line for line in a.lines if len(line.get_xdata()) > 2]) for a in axes[1:4]] == [3, 3, 3]
    written = [text.get_text() for text in figure.texts]
    assert {"protein", "ligand", "cell number", "percent of untreated", "time, hours"} <= set(written)
    for name in ("untreated", "drug", "both"):
        controls = sum(arm.growth is not None and arm.growth.control == name for arm in result.arms.values())
        assert written.count(name) == 2 + controls, "beside its lane and its bar, and where it is the control"
    assert {"drug 10 nM", "ligand 2 nM"} <= set(written)


def test_bars_show_gr_and_percent_of_untreated_and_a_mark_the_control(result):
    figure = plot(result)
    *_, gr, share = figure.axes
    arms = list(result.arms.values())
    assert arms[0].growth is None and math.isnan(gr.patches[0].get_width())
    assert [p.get_width() for p in gr.patches[1:]] == [arm.growth.gr for arm in arms[1:]]
    assert [p.get_width() for p in share.patches] == [arm.percent_of_untreated for arm in arms]
    (marks,) = [line for line in share.lines if line.get_marker() == "o"]
    last = result.times.size - 1
    for arm, mark in zip(arms[1:], marks.get_xdata()[1:], strict=True):
        own = arm.count[last] / (mark / 100.0 * arm.untreated[last])
        assert 100.0 * own == pytest.approx(arm.growth.percent_of_control)
    assert {arm.growth.control for arm in arms[1:]} <= {text.get_text() for text in figure.texts}


def test_no_panel_has_more_than_six_curves_at_full_strength():
    """The main experiment: thirteen arms, of which two are controls and three have changed cells."""
    result = pathway.run("antimir21_resensitises")
    groups = arm_groups(result)
    assert [len(group.arms) for group in groups] == [4, 4, 3]
    assert all("constant synthesis" in name for name in groups[-1].arms)
    shown = [name for group in groups for name in group.arms]
    assert sorted([*shown, "untreated", "parental untreated"]) == sorted(result.arms)
    for axes in plot(result).axes[1:-2]:
        strong = [line for line in axes.lines if line.get_zorder() > 2]
        assert 0 < len(strong) <= MOST_CURVES


def test_one_panel_can_be_drawn_alone(result):
    assert len(plot_result(result, "protein").axes) == 1 and len(plot_result(result, "growth").axes) == 2
    with pytest.raises(ValueError, match="no panel 'protien' of this run: timeline, protein, ligand"):
        plot_result(result, "protien")


def test_dying_cells_leave_room_for_the_label_of_their_axis():
    with house_style():
        page = Page()
        (panel,) = page.panels(["cell number"], 1, 0.95)
        counts = [np.array([1.0, 2.0**-13]), np.array([1.0, 2.0**20])]
        panel.axes.plot(counts)
        _doublings(panel.axes, counts)
        panel.y_label("cells, fold of start")
        figure = page.cropped_figure()
    assert overlapping(figure) == [] and "2⁻¹³" in [text for text, _ in drawn_texts(figure)]


def test_measured_points_lie_where_they_were_measured(result):
    panel = plot(result).axes[1]
    points = [line.get_xydata().tolist() for line in panel.lines if line.get_marker() == "o"]
    assert points == [[[24.0, 40.0]]]


def test_the_same_run_gives_the_same_files(result, tmp_path):
    first = [p.read_bytes() for p in save_figure(plot(result), tmp_path / "one")]
    second = [p.read_bytes() for p in save_figure(plot(result), tmp_path / "two")]
    assert first == second


def test_neighbours_can_be_told_apart_without_colour_vision():
    """Any two colours differ in lightness or lie on the blue-yellow axis that the common colour blindnesses keep."""

    def seen(color):
        # Red and green collapse to their mean for a red-green blind eye.
        red, green, blue = to_rgb(color)
        return ((red + green) / 2, blue)

    for i, one in enumerate(PALETTE):
        for other in PALETTE[:i]:
            distance = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
            assert distance > 0.03, (one, other)
    arms = {str(number): SimpleNamespace(growth=None if number < 2 else 0.5) for number in range(30)}
    styles = arm_styles(SimpleNamespace(arms=arms, scenario=SimpleNamespace(growth_of=("a drug",))))
    assert len({(style["color"], str(style["linestyle"])) for style in styles.values()}) == 30


def test_a_figure_shows_itself_in_a_notebook(result):
    assert plot(result)._repr_png_().startswith(b"\x89PNG")


UNTREATED = """
title = "Nothing is given"
cells = "bt474"
time.end = "24 h"
show.observables = ["PIP3", "cell_number"]
[[arm]]
name = "first"
[[arm]]
name = "second"
cells = "bt474_resistant"
"""


def test_what_has_no_unit_in_common_counts_in_the_first_arm_and_untreated_arms_have_a_legend(tmp_path):
    (tmp_path / "untreated.toml").write_text(UNTREATED)
    result = pathway.run(tmp_path / "untreated.toml", ensemble="prior", members=8)
    figure = plot_result(result)
    amounts, cells = figure.axes
    first, second = [line.get_ydata()[0] for line in amounts.lines]
    raw = [arm.courses["PIP3"][0] for arm in result.arms.values()]
    assert first == 1.0 and second == pytest.approx(raw[1] / raw[0])
    band = amounts.collections[0].get_paths()[0].vertices[:, 1]
    assert band == pytest.approx(1.0, rel=1e-9), "the first arm at rest, in every member"
    assert len(cells.get_yticks()) > 2
    assert {"first", "second"} <= {text.get_text() for text in figure.texts}
    colors = {line.get_color() for line in amounts.lines}
    assert len(colors) == 2
    unit = result.ensemble.arms["first"].courses["PIP3"][:, 0]
    own = result.ensemble.arms["second"].courses["PIP3"][:, -1] / unit
    assert own.min() <= result.ensemble.bands("second", "PIP3", "first")[1, -1] <= own.max()
