"""A full disk, no home, closed output, folders that cannot be written: the result, or one line."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.main import get_command

from pathway.cli import BAD_INPUT, DONE, application, main
from pathway.folders import verify_folder
from tests.cli.decay import write_decay
from tests.cli.test_commands import SMALL

ROOT = str(Path(__file__).parents[2])
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
BARE = SMALL.split("[[expect]]")[0]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(BARE, encoding="utf-8")
    return tmp_path


def program(*arguments, without=(), **words):
    environment = {k: v for k, v in os.environ.items() if k not in without} | {"PYTHONPATH": ROOT}
    environment |= words.pop("environment", {})
    command = [sys.executable, "-m", "pathway", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=1200, env=environment, **words)


@pytest.mark.parametrize(
    ("environment", "without"),
    [({}, ("HOME", "XDG_CACHE_HOME")), ({"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}, ()), ({"TERM": "dumb"}, ())],
    ids=["no home", "plain locale", "plain terminal"],
)
def test_a_run_needs_no_home_and_no_locale(environment, without, here):
    found = program("run", "small.toml", environment=environment, without=without, stdout=subprocess.PIPE)
    assert (found.returncode, told(found.stderr)) == (DONE, []) and "untreated" in found.stdout
    assert verify_folder(here / "results" / "small") == ([], [])


@pytest.mark.slow
def test_a_run_in_a_home_that_cannot_be_written_is_only_slower(here):
    home = {"HOME": "/proc/1", "XDG_CACHE_HOME": "/proc/1/cache", "PATHWAY_CACHE_DIR": "/proc/1/cache"}
    found = program("run", "small.toml", environment=home, stdout=subprocess.PIPE)
    assert (found.returncode, told(found.stderr)) == (DONE, [])
    assert verify_folder(here / "results" / "small") == ([], [])


def test_a_closed_output_keeps_the_folder(here):
    program("run", "small.toml", preexec_fn=lambda: os.close(1))
    assert verify_folder(here / "results" / "small") == ([], [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_output_that_is_full_is_one_line(here):
    with open("/dev/full", "w") as full:
        found = program("run", "small.toml", stdout=full)
    assert found.returncode == BAD_INPUT
    assert len(told(found.stderr)) == 1 and "No space left" in found.stderr
    assert verify_folder(here / "results" / "small") == ([], [])


IN_ORDER = re.compile(
    r"note: |Written: |.* written\. Next: |no fit in |[\w ]+: \d+ of \d+[,;] "
    r"|(start|chain) \d+ of \d+: |draws of \d+ in chain |R-hat is |fewer than \d+ effective draws "
)
"""Notes, how far what takes long has come, and what is to be known of a few draws."""


def told(text):
    """Lines of standard error that say that something is wrong."""
    return [line for line in text.splitlines() if not IN_ORDER.match(line)]


KINDS_OF_COMMANDS = {
    "run": ("run", "{here}/small.toml", "--out", "{out}"),
    "check": ("check", "{here}/small.toml"),
    "show": ("show", "cells"),
    "cite": ("cite", "{here}/small.toml", "--bibtex"),
    "export": ("export", "untreated_rest", "--to", "omex", "--out", "{out}"),
    "latex": ("export", "{here}/small.toml", "--to", "latex", "--arm", "untreated", "--out", "{out}.tex"),
    "explore": ("explore", "{here}/small.toml", "--members", "3", "--out", "{out}.html"),
    "members": ("run", "{here}/small.toml", "--ensemble", "prior", "--members", "3", "--out", "{out}"),
    "dose-response": ("dose-response", "antimir21_resensitises", "--out", "{out}"),
    "fit": ("fit", "{here}/decay/decay.yaml", "--starts", "3", "--workers", "1", "--out", "{out}"),
    "sample": (
        *("sample", "{here}/decay/decay.yaml", "--draws", "100", "--tune", "100", "--chains", "2", "--workers", "1"),
        *("--out", "{out}"),
    ),
}


def begin_in_a_folder_that_is_gone():
    place = tempfile.mkdtemp()
    os.chdir(place)
    os.rmdir(place)


SURROUNDINGS = {
    "plain locale": {"environment": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}},
    "no home": {"without": ("HOME", "XDG_CACHE_HOME", "PATHWAY_CACHE_DIR")},
    "home that cannot be written": {"environment": {"HOME": "/proc/1", "XDG_CACHE_HOME": "/proc/1/cache"}},
    "closed output": {"preexec_fn": lambda: os.close(1)},
    "closed input": {"preexec_fn": lambda: os.close(0)},
    "folder that is gone": {"preexec_fn": begin_in_a_folder_that_is_gone},
    "5 MB": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("command", KINDS_OF_COMMANDS)
def test_every_kind_of_command_gives_its_result_or_one_line(command, surroundings, here, request):
    """Of a disk of 5 MB: everything that is written, compiled code and temporary files included, goes there."""
    write_decay(here)
    out, words = here / "out", {"environment": {}, **SURROUNDINGS[surroundings]}
    if surroundings == "5 MB":
        place = request.getfixturevalue("disk")(5 * 1024)
        out = place / "out"
        words["environment"] = {"HOME": str(place), "XDG_CACHE_HOME": str(place), "TMPDIR": str(place)}
        words["without"] = ("PATHWAY_CACHE_DIR",)
    if surroundings != "closed output":
        words["stdout"] = subprocess.PIPE
    found = program(*(word.format(out=out, here=here) for word in KINDS_OF_COMMANDS[command]), **words)
    said = told(found.stderr)
    if found.returncode == DONE:
        assert all("could not be made, the numbers are written" in line for line in said), said
        assert not out.is_dir() or verify_folder(out) == ([], [])
    else:
        refused = {"5 MB": "No space left"}
        if command in NEEDS_A_FOLDER:
            refused["folder that is gone"] = "No such file or directory"
        assert found.returncode == BAD_INPUT and len(said) == 1 and surroundings in refused, found
        assert refused[surroundings] in said[0]


FINISHED = {
    "fitted": "fit {here}/decay/decay.yaml --starts 3 --workers 1",
    "other": "fit {here}/decay/decay.yaml --starts 2 --seed 2 --workers 1",
    "drawn": "sample {here}/decay/decay.yaml --fit {here}/fitted --draws 100 --tune 50 --chains 2 --workers 1",
    "run": "run {here}/small.toml",
    "again": "run {here}/small.toml --ensemble prior --members 3",
}
"""Folders that commands leave for others."""

FROM_NOWHERE = {
    "bifurcation": "{here}/small.toml --draws 0 --low 0 --high 1",
    "check": "{here}/small.toml",
    "cite": "{here}/small.toml",
    "cohort": "women37 --women 74 --workers 1",
    "compare": "{here}/run {here}/again",
    "compare-fits": "{here}/fitted {here}/other",
    "design": "{here}/decay/decay.yaml --fit {here}/fitted --target k",
    "dose-response": "{here}/small.toml",
    "explain": "{here}/small.toml --arm trastuzumab --reference untreated",
    "explore": "{here}/small.toml --members 3",
    "export": "{here}/small.toml --to omex",
    "fit": "{here}/decay/decay.yaml --starts 2 --workers 1",
    "new": "{out}.toml",
    "plan": "antimir21_resensitises --ensemble prior --members 3 --assay blot --dose 1",
    "plot": "{here}/run",
    "predict": "{here}/decay/decay.yaml --draws {here}/drawn",
    "profile": "{here}/decay/decay.yaml --fit {here}/fitted --workers 1",
    "replay": "{here}/run",
    "run": "{here}/small.toml",
    "sample": "{here}/decay/decay.yaml --draws 100 --tune 50 --chains 2 --workers 1",
    "screen": "{here}/small.toml --only k_PTEN --pairs 0",
    "sensitivity": "{here}/small.toml --method control",
    "show": "cells",
    "single-cells": "{here}/small.toml --cells 5 --titration none",
    "synergy": "antimir21_resensitises --grid 3x3 --shifts none",
    "teach": "start {out}",
    "validate": "--scenario untreated_rest --ensemble none",
    "verify": "{here}/run",
}
"""Each command, asked for what is small."""

ENDINGS = {"plot": ".png", "explore": ".html", "export": ".omex"}
NEEDS_A_FOLDER = ("sample", "single-cells", "teach")
"""Libraries that these use ask where they are."""
WITHOUT_OUTPUT = ("check", "cite", "design", "new", "replay", "show", "teach", "verify")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    here = tmp_path_factory.mktemp("finished")
    (here / "small.toml").write_text(BARE, encoding="utf-8")
    write_decay(here)
    for name, words in FINISHED.items():
        found = program(*words.format(here=here).split(), "--out", str(here / name), stdout=subprocess.DEVNULL)
        assert found.returncode == DONE, found.stderr
    return here


def test_every_command_is_tried_from_nowhere():
    assert set(FROM_NOWHERE) == set(get_command(application()).commands)


@pytest.mark.slow
@pytest.mark.parametrize("command", FROM_NOWHERE)
def test_every_command_works_from_a_folder_that_is_gone(command, finished, tmp_path):
    """With full names for what is read and written it gives its result, or says in one line that there is no folder; a
    place of its own choice is refused."""
    out, names = tmp_path / f"out{ENDINGS.get(command, '')}", FROM_NOWHERE[command]
    words = [command, *names.format(here=finished, out=out).split()]
    place = [] if command in WITHOUT_OUTPUT else ["--out", str(out)]
    begun = {"preexec_fn": begin_in_a_folder_that_is_gone, "stdout": subprocess.PIPE}
    found = program(*words, *place, **begun)
    if command in NEEDS_A_FOLDER:
        assert found.returncode == BAD_INPUT and len(told(found.stderr)) == 1, found.stderr
        assert "No such file or directory" in found.stderr
        return
    assert (found.returncode, told(found.stderr)) == (DONE, []), found.stderr
    assert out.exists() or not (place or "{out}" in names) or Path(f"{out}.toml").is_file()
    if place and command not in ("export", "plot"):  # the one asks for a place, the other draws beside the numbers
        found = program(*words, **begun)
        assert found.returncode == BAD_INPUT and len(told(found.stderr)) == 1, found.stderr


@pytest.fixture
def disk(tmp_path):
    """Mounts a disk of so many kilobytes."""
    mounted = []

    def mount(size):
        place = tmp_path / f"disk{size}"
        place.mkdir()
        if shutil.which("mount") is None or not AS_ROOT:
            pytest.skip("only root mounts disks")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", place]).returncode:
            pytest.skip("no disk can be mounted here")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", place], check=True)


def test_a_disk_too_small_for_numbers_is_one_line_and_nothing_is_left(here, disk, capsys):
    place = disk(16)
    assert main(["run", "small.toml", "--out", str(place / "out")]) == BAD_INPUT
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{place / 'out'}" in err and "No space left on device" in err
    assert list(place.iterdir()) == []


def test_a_disk_too_small_for_figures_has_the_numbers(here, disk, capsys):
    place = disk(100) / "out"
    assert main(["run", "small.toml", "--out", str(place)]) == DONE
    out, err = capsys.readouterr()
    assert "untreated" in out and err.count("\n") == err.count("could not be made, the numbers are written") > 0
    assert verify_folder(place) == ([], []) and json.loads((place / "result.json").read_text())["arms"]
    assert "No space left" in json.dumps(json.loads((place / "provenance.json").read_text())["not_made"])


def test_a_full_disk_leaves_the_earlier_run(here, disk, capsys):
    place = disk(300)
    assert main(["run", "small.toml", "--out", str(place / "out")]) == DONE
    before = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    (place / "ballast").write_bytes(b"x" * (os.statvfs(place).f_bavail * os.statvfs(place).f_bsize))
    capsys.readouterr()
    assert main(["run", "small.toml", "--out", str(place / "out")]) == BAD_INPUT
    assert capsys.readouterr().err.count("\n") == 1
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file() and p.name != "ballast"} == before


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_line(here, capsys):
    Path("locked").mkdir(mode=0o500)
    assert main(["run", "small.toml", "--out", "locked/out"]) == BAD_INPUT
    assert "cannot be written there" in capsys.readouterr().err


def test_a_place_where_nobody_can_write_is_one_line(here, capsys):
    assert main(["run", "small.toml", "--out", "/proc/out"]) == BAD_INPUT
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "/proc" in err


def test_a_figure_that_cannot_be_drawn_costs_no_numbers(here, capsys):
    """Arms with names that were formulas to the figure; an end at which the axis has no ticks."""
    Path("odd.toml").write_text(BARE.replace('"untreated"', '"$x_{$"'), encoding="utf-8")
    assert main(["run", "odd.toml"]) == DONE
    assert capsys.readouterr().err == "" and Path("results/odd/figure.svg").is_file()
    changed = BARE.replace("24 h", "1e4 h").replace('"6 h"', '"100 h"').replace('[growth_rate]\nof = ["t"]\n', "")
    Path("long.toml").write_text(changed, encoding="utf-8")
    assert main(["run", "long.toml"]) == DONE
    err = capsys.readouterr().err
    if err:
        assert err.count("\n") == 1 and "the numbers are written" in err
        assert "not made" in Path("results/long/report.html").read_text(encoding="utf-8")
    assert Path("results/long/time_courses.csv").is_file() and verify_folder(Path("results/long")) == ([], [])
