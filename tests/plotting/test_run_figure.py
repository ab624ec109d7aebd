"""The figure shows every arm and observable with units, and looks the same every time."""

import math
from itertools import pairwise

import pytest
from matplotlib.colors import to_rgb

from pathway.plotting import plot, save
from pathway.plotting.style import PALETTE, arm_style
from pathway.scenario import read_scenario, run_scenario
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


def test_every_axis_has_a_unit_and_every_arm_its_line(result):
    figure = plot(result)
    axes = figure.axes
    labels = [a.get_xlabel() for a in axes] + [a.get_ylabel() for a in axes if a.get_ylabel()]
    assert all("[" in label for label in labels), labels
    titles = [a.get_title(loc="left") for a in axes]
    assert titles[1:4] == ["protein", "ligand", "cell number"]
    assert [len([line for line in a.lines if len(line.get_xdata()) > 2]) for a in axes[1:4]] == [3, 3, 3]
    written = [text.get_text() for text in figure.texts]
    for name in ("untreated", "drug", "both"):
        controls = sum(arm.growth is not None and arm.growth.control == name for arm in result.arms.values())
        assert written.count(name) == 2 + controls, "beside its lane and its bar, and where it is the control"
    assert {"drug 10 nM", "ligand 2 nM"} <= set(written)


def test_bars_show_gr_and_percent_of_control_and_of_untreated_and_name_the_control(result):
    figure = plot(result)
    *_, gr, control, untreated = figure.axes
    arms = list(result.arms.values())
    assert arms[0].growth is None and math.isnan(gr.patches[0].get_width())
    assert [p.get_width() for p in gr.patches[1:]] == [arm.growth.gr for arm in arms[1:]]
    assert [p.get_width() for p in control.patches[1:]] == [arm.growth.percent_of_control for arm in arms[1:]]
    assert [p.get_width() for p in untreated.patches] == [arm.percent_of_untreated for arm in arms]
    written = [text.get_text() for text in figure.texts]
    assert {arm.growth.control for arm in arms[1:]} <= set(written)


def test_numbers_beside_bars_and_labels_below_stand_clear(result):
    """As they are drawn: beside the dotted line at 100 %, inside the axes; labels inside the page and apart."""
    figure = plot(result)
    figure.canvas.draw()
    panels = figure.axes[-3:]
    for panel in panels:
        line = panel.lines[-1].get_window_extent()
        for text in panel.texts:
            box = text.get_window_extent()
            assert panel.bbox.x0 < box.x0 and box.x1 <= panel.bbox.x1, text.get_text()
            assert text.get_bbox_patch() is not None or box.x0 > line.x1 + 1 or box.x1 < line.x0 - 1, text.get_text()
    assert "100 %" in [text.get_text() for text in panels[-1].texts]
    labels = [panel.xaxis.label for panel in panels]
    assert [label.get_text() for label in labels[1:]] == ["percent of control [%]", "percent of untreated [%]"]
    boxes = [label.get_window_extent() for label in labels]
    assert all(one.x1 + 2 < other.x0 for one, other in pairwise(boxes))
    assert boxes[-1].x1 < figure.bbox.x1


def test_measured_points_lie_where_they_were_measured(result):
    panel = plot(result).axes[1]
    points = [line.get_xydata().tolist() for line in panel.lines if line.get_marker() == "o"]
    assert points == [[[24.0, 40.0]]]


def test_the_same_run_gives_the_same_files(result, tmp_path):
    first = [p.read_bytes() for p in save(plot(result), tmp_path / "one")]
    second = [p.read_bytes() for p in save(plot(result), tmp_path / "two")]
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
    assert len({(arm_style(i)["color"], str(arm_style(i)["linestyle"])) for i in range(30)}) == 30


def test_a_figure_shows_itself_in_a_notebook(result):
    assert plot(result)._repr_png_().startswith(b"\x89PNG")
