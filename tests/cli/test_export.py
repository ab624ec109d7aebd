"""`pathway export` and `pathway show equations FILE`, as a user types them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pathway.cli import BAD_INPUT, DONE, main
from pathway.formats.load import load
from tests.formats.sbml_snippets import compartment, parameters, reaction, sbml, species


@pytest.fixture
def file(tmp_path: Path) -> Path:
    law = "<apply><times/><ci>k</ci><ci>S</ci></apply>"
    text = sbml(
        compartment()
        + species(S=6.0, T=0.0)
        + parameters(k=0.1)
        + f"<listOfReactions>{reaction('R', {'S': 1}, {'T': 1}, law)}</listOfReactions>"
    )
    path = tmp_path / "small.xml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("to", "ending"), [("sbml", "xml"), ("antimony", "ant")])
def test_a_model_file_becomes_another_that_loads_again(file: Path, to: str, ending: str, tmp_path: Path) -> None:
    out = tmp_path / f"again.{ending}"
    assert main(["export", str(file), "--to", to, "--out", str(out)]) == DONE
    assert set(load(out).species) == {"S", "T"}


def test_latex_is_a_whole_document(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.tex"
    assert main(["export", str(file), "--to", "latex", "--out", str(out)]) == DONE
    text = out.read_text(encoding="utf-8")
    assert text.startswith(r"\documentclass") and r"\frac{d\,\mathrm{S}}{dt}" in text
    assert r"\mathrm{S} \cdot \mathrm{k}" in text  # side by side, the names would read as one
    assert text.count("{") == text.count("}")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="not installed: pdflatex")
def test_latex_of_the_circuit_compiles_and_stays_on_the_page(tmp_path: Path) -> None:
    out = tmp_path / "circuit.tex"
    assert main(["export", "bt474_resistant", "--to", "latex", "--out", str(out)]) == DONE
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", out.name]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert made.returncode == 0, made.stdout[-2000:]
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", made.stdout)]
    assert max(too_wide, default=0.0) < 60.0  # two centimeters: the width of the margin


def test_a_model_alone_is_no_experiment_and_leaves_nothing_behind(file: Path, tmp_path: Path) -> None:
    for to in ("sedml", "omex"):
        out = tmp_path / f"none.{to}"
        assert main(["export", str(file), "--to", to, "--out", str(out)]) == BAD_INPUT
        assert not out.exists()


def test_a_scenario_without_an_arm_is_asked_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.xml"
    assert main(["export", "untreated_rest", "--to", "sbml", "--arm", "nobody", "--out", str(out)]) == BAD_INPUT
    assert "has no arm 'nobody'" in capsys.readouterr().err
    assert not out.exists()


def test_equations_of_a_file_say_which_units_are_not_declared(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "equations", str(file)]) == DONE
    out = capsys.readouterr().out
    assert "R = k * S" in out.replace("*", " * ").replace("  ", " ")
    assert "k = 0.1    [not declared]" in out


def test_a_broken_file_is_one_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(file.read_text(encoding="utf-8")[:200], encoding="utf-8")
    assert main(["show", "equations", str(file)]) == BAD_INPUT
    message = capsys.readouterr().err
    assert "not well-formed XML" in message and message.count("\n") == 1


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "bt475", "--to", "sbml", "--out", str(tmp_path / "a.xml")]) == BAD_INPUT
    message = capsys.readouterr().err
    assert "Did you mean 'bt474'" in message and message.count("\n") == 1


def test_nothing_is_overwritten_without_word(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "again.xml"
    command = ["export", str(file), "--to", "sbml", "--out", str(out)]
    assert main(command) == main(command) == DONE  # the same bytes again are no loss
    out.write_text("dear", encoding="utf-8")
    capsys.readouterr()
    assert main(command) == BAD_INPUT
    assert capsys.readouterr().err.endswith("replace it with --force\n") and out.read_text() == "dear"
    assert main([*command, "--force"]) == DONE and out.read_text() != "dear"


def test_a_folder_of_an_export_is_whole_and_keeps_what_is_not_of_it(tmp_path: Path) -> None:
    out = tmp_path / "sedml"
    command = ["export", "untreated_rest", "--to", "sedml", "--out", str(out)]
    assert main(command) == main(command) == DONE and main(["verify", str(out)]) == DONE
    other = tmp_path / "mine"
    other.mkdir()
    (other / "notes.txt").write_text("dear", encoding="utf-8")
    assert main([*command[:-1], str(other)]) == BAD_INPUT and [p.name for p in other.iterdir()] == ["notes.txt"]
    assert main([*command[:-1], str(other), "--force"]) == DONE
    assert (other / "notes.txt").read_text() == "dear" and list(other.glob("*.sedml"))
