"""Archives: complete, repeatable, and executed by other programs with our numbers."""

from __future__ import annotations

import importlib.util
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
import pytest

from pathway.formats.errors import FormatError
from pathway.formats.experiment import ExportedModel, exported_models
from pathway.formats.omex import omex_bytes
from pathway.formats.sedml import NAMESPACE, sedml_files
from pathway.simulation import simulate

NAME, ARM = "antimir21_resensitises", "both"
SED = {"s": NAMESPACE}


@cache
def arm() -> ExportedModel:
    return exported_models(NAME, ARM)[0]


@cache
def two_arms() -> list[ExportedModel]:
    return [arm(), *exported_models(NAME, "trastuzumab")]


def ours(times: np.ndarray, names: list[str]) -> np.ndarray:
    grid = np.unique([0.0, *times])
    course = simulate(arm().model, grid, interventions=arm().doses, relative_tolerance=1e-10)
    rows = np.searchsorted(grid, times)
    return np.stack([np.asarray(course[name])[rows] for name in names], axis=1)


def without_doses(times: np.ndarray) -> np.ndarray:
    """Rows that are not the very moment of a dose, where programs record before or after it."""
    return ~np.isin(times, [dose.time for dose in arm().doses])


def test_an_archive_holds_one_master_and_everything_it_names(tmp_path: Path) -> None:
    archived = omex_bytes(two_arms(), NAME, title="Anti-miR-21")
    with ZipFile(BytesIO(archived)) as archive:
        names = set(archive.namelist())
        manifest = ElementTree.fromstring(archive.read("manifest.xml"))
        contents = {e.get("location"): e.get("master") for e in manifest}
        assert {location.removeprefix("./") for location in contents if location != "."} == names
        assert list(contents.values()).count("true") == 1
        document = ElementTree.fromstring(archive.read(f"{NAME}.sedml"))
    sources = {model.get("source") for model in document.iterfind(".//s:model", SED)}
    assert sources <= names
    assert len(sources) == 2
    assert omex_bytes(two_arms(), NAME, title="Anti-miR-21") == archived


def test_there_is_one_uniform_time_course_for_each_period() -> None:
    document = ElementTree.fromstring(next(iter(sedml_files([arm()], NAME).values())))
    found = [
        (float(c.get("outputStartTime", "nan")), float(c.get("outputEndTime", "nan")))
        for c in document.iterfind(".//s:uniformTimeCourse", SED)
    ]
    assert found == list(zip(arm().times, arm().times[1:], strict=False))
    identifiers = [e.get("id") for e in document.iter() if e.get("id")]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.skipif(importlib.util.find_spec("roadrunner") is None, reason="libRoadRunner is not installed")
def test_libroadrunner_executes_every_task_with_our_numbers(tmp_path: Path) -> None:
    import roadrunner

    with ZipFile(BytesIO(omex_bytes([arm()], NAME))) as archive:
        archive.extractall(tmp_path)
    document = ElementTree.parse(tmp_path / f"{NAME}.sedml").getroot()
    model = document.find(".//s:model", SED)
    assert model is not None
    runner = roadrunner.RoadRunner(str(tmp_path / str(model.get("source"))))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-14
    runner.integrator.maximum_num_steps = 1_000_000
    names = list(arm().observables)
    for course in document.iterfind(".//s:uniformTimeCourse", SED):
        start, end = float(course.get("outputStartTime", 0)), float(course.get("outputEndTime", 0))
        times = np.linspace(start, end, int(course.get("numberOfSteps", 1)) + 1)
        runner.resetAll()
        runner.timeCourseSelections = ["time", *names]
        found = np.array(runner.simulate(times=np.unique([0.0, *times])))
        found = found[np.searchsorted(found[:, 0], times), 1:]
        rows = without_doses(times)
        np.testing.assert_allclose(found[rows], ours(times, names)[rows], rtol=1e-6, atol=1e-9)


@pytest.mark.skipif(importlib.util.find_spec("COPASI") is None, reason="COPASI is not installed")
def test_copasi_opens_and_runs_the_archive(tmp_path: Path) -> None:
    import COPASI

    path = tmp_path / "a.omex"
    path.write_bytes(omex_bytes([arm()], NAME))
    model = COPASI.CRootContainer.addDatamodel()
    assert model.openCombineArchive(str(path))
    task = model.getTask("Time-Course")
    assert task.getProblem().getDuration() == arm().times[-1]
    assert task.process(True), COPASI.CCopasiMessage.getAllMessageText()
    series = task.getTimeSeries()
    titles = [series.getTitle(i) for i in range(series.getNumVariables())]
    column = next(i for i, title in enumerate(titles) if "log_cell_number" in title)
    last = series.getRecordedSteps() - 1
    amount = series.getConcentrationData(last, column)
    assert amount == pytest.approx(ours(np.array([arm().times[-1]]), ["log_cell_number"])[0, 0], rel=1e-5)


def test_a_cell_line_alone_is_not_an_experiment(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="needs a scenario"):
        omex_bytes(exported_models("bt474"), "bt474")
