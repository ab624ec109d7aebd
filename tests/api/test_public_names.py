"""Every public name: docstring with shapes or units, errors and an example that runs; short reprs; tables; saving."""

import doctest
import inspect
import re
import subprocess
import sys
import time

import numpy as np
import pytest

import pathway
from pathway.notebook import html_table, progress_line, progress_shown

FUNCTIONS = [name for name in pathway.__all__ if inspect.isfunction(getattr(pathway, name))]
SLOW = {"bifurcation", "fit", "screen", "sensitivity", "single_cells", "synergy"}


def test_all_public_functions_are_here():
    assert len(FUNCTIONS) >= 24
    assert {"run", "simulate", "synergy", "validate", "export", "cells", "compare", "plot"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_tells_what_it_takes_and_gives(name):
    text = inspect.getdoc(getattr(pathway, name))
    assert ">>> " in text and "Returns\n-------" in text
    for parameter in inspect.signature(getattr(pathway, name)).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:
            assert re.search(rf"^[\w, ]*\b{parameter.name}\b[\w, ]*( :|$)", text, re.M), parameter.name
    if inspect.signature(getattr(pathway, name)).parameters:
        assert "Raises\n------" in text
    assert any(
        word in text for word in ("shape", "unit", "Path", "hours", "Figure", "Fit", "Model", "Catalog", "folder")
    )


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in FUNCTIONS])
@pytest.mark.filterwarnings("ignore::pathway.errors.PathwayWarning")
def test_the_example_of_a_public_function_runs(name):
    found = doctest.DocTestFinder(recurse=False).find(getattr(pathway, name), name, globs={})
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    failed = [runner.run(example).failed for example in found if example.examples]
    assert failed == [0]


@pytest.fixture(scope="module")
def result():
    return pathway.run("antimir21_resensitises", ensemble="none")


@pytest.fixture(scope="module")
def trajectory():
    return pathway.simulate("bt474", np.linspace(0.0, 24.0, 25))


def test_what_is_handed_over_has_a_short_repr_and_a_table(result, trajectory):
    ensemble = pathway.simulate_ensemble("minimal", [0.0, 1.0], np.ones((3, len(pathway.load("minimal").parameters))))
    for thing in (result, result.arms, pathway.load("bt474"), trajectory, ensemble, pathway.cells(), pathway.agents()):
        assert len(repr(thing)) < 200 and "\n" not in repr(thing)
        assert "<table>" in thing._repr_html_() and len(thing._repr_html_()) < 40_000
    assert len(repr(result.arms["both"])) < 200 and len(repr(result.scenario)) < 200


def test_html_shows_names_as_they_are_written():
    assert "&lt;b&gt;both" in html_table(["arm <1>"], [["<b>both</b>"]])


def test_tables_and_data_sets_have_times_names_and_units(result, trajectory):
    table = result.to_dataframe()
    assert {"arm", "time [h]", "PTEN [1]"} <= set(table.columns) and len(table) == len(result.arms) * len(result.times)
    assert list(trajectory.to_dataframe(["pAKT", "PTEN"]).columns) == ["pAKT", "PTEN"]
    assert trajectory.to_dataframe().shape == trajectory.values.shape
    pytest.importorskip("xarray")
    courses = result.to_xarray()
    assert courses["PTEN"].sel(arm="both").values == pytest.approx(result.arms["both"].courses["PTEN"])
    assert courses["miR21_free"].attrs["units"] == "molecules"
    assert trajectory.to_xarray("pAKT")["pAKT"].values == pytest.approx(trajectory["pAKT"])


def test_a_library_that_is_absent_is_named_with_its_extra(trajectory, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"needs xarray, .*: pip install xarray .*extra 'notebook'"):
        trajectory.to_xarray()


def test_a_result_leaves_what_the_command_leaves(result, tmp_path):
    page = result.save(tmp_path / "mine")
    assert page.name == "report.html" and page.is_file()
    names = {file.name for file in (tmp_path / "mine").iterdir()}
    assert {"time_courses.csv", "figure.png", "provenance.json", "result.json"} <= names
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="other"):
        pathway.explain("antimir21_resensitises", reading="PTEN").save(tmp_path / "other")
    compared = pathway.compare(tmp_path / "mine", tmp_path / "mine")
    assert all(row[4] in (0.0, None) for row in compared.rows)
    assert compared.save(tmp_path / "compared").is_file()


def test_everything_that_is_found_can_be_drawn(result, trajectory):
    assert len(pathway.plot(result, "pAKT").axes) >= 1
    assert len(pathway.plot(trajectory, "pAKT, PTEN").axes) == 2
    assert len(pathway.plot(trajectory).axes) > 5
    assert pathway.plot(pathway.explain("antimir21_resensitises", reading="PTEN")).axes


def test_start_is_a_time_and_initial_a_state_in_either():
    model = pathway.load("minimal")
    one = pathway.simulate(model, [5.0, 6.0], start=5.0, initial="steady_state", sensitivities=["k_PTEN"])
    many = pathway.simulate_ensemble(model, [5.0, 6.0], model.parameter_values[None], start=5.0, initial="steady_state")
    assert one["PTEN"] == pytest.approx(many["PTEN"][0], rel=1e-6)
    state, slopes = pathway.steady_state(model), one.sensitivities[0, :, 0]
    step = 1e-4 * model.parameter_values[model.parameter_index("k_PTEN")]
    moved = pathway.steady_state(
        model.with_parameters({"k_PTEN": model.parameter_values[model.parameter_index("k_PTEN")] + step})
    )
    resting = [k for k, name in enumerate(model.species) if name != "log_cell_number"]
    assert slopes[resting] == pytest.approx((moved - state)[resting] / step, rel=1e-2, abs=1e-9)


def test_progress_is_told_to_whoever_asks(capsys, monkeypatch):
    told = []
    with progress_shown(lambda *words: told.append(words)) as report:
        report("arms", 1, 2)
    assert told == [("arms", 1, 2)]
    with progress_shown(None) as report:
        assert report is None
    moments = iter([0.0, 12.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    with progress_line() as report:
        report("arms", 1, 2)
    assert capsys.readouterr().err == "arms: 1 of 2, 12 s\n"


@pytest.mark.parametrize("code", ["import pathway", "import sys; from pathway.cli import main; main(['--help'])"])
def test_import_and_help_take_little_time(code):
    """Measured in processor time, which other programs do not lengthen by much; twice the bound that is promised."""
    times = []
    for _ in range(3):
        timed = f"import time; {code}; import sys; print(time.process_time(), file=sys.stderr)"
        found = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=False, cwd=".")
        times.append(float(found.stderr.strip().splitlines()[-1]))
    assert min(times) < 0.6


def test_a_name_that_there_is_not_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="Did you mean 'simulate'"):
        pathway.simulat  # noqa: B018
