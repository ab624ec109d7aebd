"""The figure of a dose-response with many arms."""

from pathway.analysis.dose_series import dose_series
from pathway.plotting.dose_figure import plot_dose_series
from pathway.plotting.style import MOST_CURVES
from pathway.scenario import built_in_laboratory, read_scenario


def test_no_panel_has_more_than_six_curves_and_every_arm_has_one():
    """The main experiment's eleven arms with trastuzumab or anti-miR-21, in two rows of panels."""
    response = dose_series(read_scenario("antimir21_resensitises"), built_in_laboratory(), agent="trastuzumab")
    assert len(response.series) > MOST_CURVES
    panels = [
        [line for line in axes.lines if line.get_linestyle() != "None" and len(line.get_xdata()) > 2]
        for axes in plot_dose_series(response).axes
    ]
    assert all(len(curves) <= MOST_CURVES for curves in panels)
    growth = [(line.get_color(), line.get_linestyle()) for curves in panels[:4:2] for line in curves]
    assert len(set(growth)) == len(growth) == len(response.series)
