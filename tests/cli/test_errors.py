"""The edge of the program: every error is one line and an exit code, and never a bare traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pathway
from pathway.cli import BAD_INPUT, DONE, FAULT, NUMERICAL_FAILURE, check, main
from pathway.errors import InputError, NumericalError, PathwayWarning, public_function

from .test_commands import SMALL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def told(capsys, *arguments):
    """Exit code, and what stands on standard error, line by line."""
    code = main(list(arguments))
    return code, capsys.readouterr().err.splitlines()


def checked(capsys, text):
    Path("a.toml").write_text(text, encoding="utf-8")
    return told(capsys, "check", "a.toml")


def test_a_fault_of_ours_says_so_and_leaves_its_details_to_its_user_alone(here, capsys, monkeypatch):
    monkeypatch.setattr(check, "TEMPLATE", None)
    monkeypatch.setenv("TMPDIR", str(here))
    monkeypatch.setattr("tempfile.tempdir", None)
    code, (line,) = told(capsys, "new", "b.toml")
    assert code == FAULT and "a fault of the program, not of what it was given (AttributeError)" in line
    file = Path(re.search(r"the details are in (\S+);?\. ", line)[1])
    assert "Traceback" in file.read_text() and file.stat().st_mode & 0o077 == 0
    code, lines = told(capsys, "new", "--traceback", "b.toml")
    assert code == FAULT and lines[0].startswith("Traceback")


def test_python_gets_its_own_error_with_a_note():
    @public_function
    def run(kind):
        return {}[kind] if kind is KeyError else _raised(kind)

    def _raised(kind):
        raise kind("x")

    for kind in (InputError, NumericalError, OSError, FloatingPointError):
        with pytest.raises(kind) as caught:
            run(kind)
        assert not hasattr(caught.value, "__notes__")
    for kind in (KeyError, IndexError, ValueError, TypeError):
        with pytest.raises(kind) as caught:
            run(kind)
        assert "a fault of pathway" in caught.value.__notes__[0]
    with pytest.raises(TypeError) as caught:
        run()
    assert not hasattr(caught.value, "__notes__")


def test_every_public_function_is_at_the_edge():
    functions = [getattr(pathway, name) for name in pathway.__all__]
    functions = [f for f in functions if callable(f) and not isinstance(f, type)]
    assert len(functions) >= 10 and all(hasattr(f, "__wrapped__") for f in functions)
    with pytest.raises(InputError, match=r"no cell line is called 'bt47'\. Did you mean 'bt474'"):
        pathway.load("bt47")


def test_warnings_of_ours_are_one_line(here, capsys, monkeypatch):
    import warnings

    def warned(file):
        warnings.warn("a nominal value was moved", PathwayWarning, stacklevel=1)
        return file / "x"

    monkeypatch.setattr("pathway.scenario.find_scenario", warned)
    code, lines = told(capsys, "new", "c.toml", "--from", "x")
    assert lines[0] == "note: a nominal value was moved" and code == FAULT


BARE = 'title = "t"\n[time]\nend = "4 h"\n[[arm]]\nname = "a"\n[data]\nfile = "d.csv"\n[fit]\nparameters = ["k_PI3K"]\n'
TEXT_AS_DATA = BARE.replace('[data]\nfile = "d.csv"', "").replace('"t"\n', '"t"\ncells = "bt474"\ndata = "x"\n')
DOSED = SMALL.replace('amount = "10 ug/mL"', 'amount = "10 ug/mL"\nevery = "1 h"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BARE, "a.toml:1: the file has no 'cells'"),
        (TEXT_AS_DATA, "a.toml:3: "),
        (DOSED.replace('"1 h"', '"1e-9 h"'), "this dose would be given 24000000000 times; at most 10000"),
        (DOSED.replace('"1 h"', '"1 h"\ntimes = 100000000'), "this dose would be given 100000000 times"),
        (SMALL.replace('"6 h"', '"1e-9 h"'), "a.toml:5: record_every would give 24000000000 records"),
        (SMALL.replace('"6 h"', '"0.0003 h"').replace("[show]", '[[arm]]\nname = "x"\n' * 1 + "[show]"), ""),
        (SMALL.replace("ug/mL", "uM^99999999999"), "an exponent is at most 20"),
        (SMALL.replace("ug/mL", f"uM{'*(M' * 5000}"), "is no unit: it has 15002 characters"),
        (SMALL.replace("10 ug/mL", "1e308 M"), "is beyond the range of numbers"),
        (SMALL.replace("10 ug/mL", "1 kg^20*kg^20*kg^20"), "its size leaves the range"),
        (f"title = {'[' * 5000}", "a.toml:1: not TOML: "),
        (SMALL + '[[arm]]\nname = "b"\n' * 1001, "there are 1003 arms; at most 1000 make sense"),
    ],
)  # fmt: skip
def test_what_would_never_end_or_fit_is_refused_by_check(here, capsys, text, said):
    code, lines = checked(capsys, text)
    assert code == (BAD_INPUT if said else DONE)
    assert not said or any(said in line for line in lines), lines
    assert not any("Traceback" in line or "fault" in line for line in lines)


def program(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0"}
    return subprocess.run([sys.executable, "-m", "pathway", *arguments], timeout=300, env=environment, **options)


def test_a_closed_standard_output_and_names_of_any_bytes(here):
    """Without standard output a command does its work, and a file it opens is not written into."""
    script = f'"{sys.executable}" -m pathway show cells >&- 2>err; echo $? >code'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(["sh", "-c", script], timeout=300, env=environment, check=True)
    assert Path("code").read_text() == "0\n" and Path("err").read_text() == ""
    done = program("check", b"\xff.toml", capture_output=True)
    assert done.returncode == BAD_INPUT
    assert done.stderr.decode().splitlines() == [
        r"pathway: the argument '\udcff.toml' is not UTF-8 text; rename the file"
    ]


def test_a_pipe_or_a_device_is_no_table(here, capsys):
    os.mkfifo("pipe.csv")
    for name in ("pipe.csv", "/dev/zero"):
        code, lines = checked(capsys, SMALL.replace("[[expect]]", f'[data]\nfile = "{name}"\n[[expect]]'))
        assert code == BAD_INPUT and f"there is no file '{name}'" in lines[0]


MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
<listOfParameters><parameter id="x" value="1" constant="false"/></listOfParameters>
<listOfRules><rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML">RATE</math></rateRule>
</listOfRules></model></sbml>
"""
DEEP = "<apply><minus/>" * 5000 + "<ci>x</ci>" + "</apply>" * 5000


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (MODEL.replace("UTF-8", "UTF-8x"), BAD_INPUT, "m.xml:1: unknown encoding: UTF-8x; SBML is written in UTF-8"),
        (MODEL.replace("RATE", '<cn type="rational">1<sep/>0</cn>'), NUMERICAL_FAILURE, "the rates are not finite"),
        (MODEL.replace("RATE", DEEP), BAD_INPUT, "nested more than"),
    ],
)  # fmt: skip
def test_models_that_cannot_be(here, capsys, text, code, said):
    Path("m.xml").write_text(text)
    found, (line,) = told(capsys, "run", "m.xml", "--until", "1")
    assert found == code and said in line


def test_a_sum_of_many_terms_is_read_in_time_that_grows_with_it():
    import time

    from pathway.expressions import parse
    from pathway.formats.petab.formulas import read_formula

    for read in (parse, read_formula):
        started = time.perf_counter()
        made = read(" + ".join(f"a*{k}" for k in range(2, 20_002)) + " - b" + "*c" * 20_000)
        assert time.perf_counter() - started < 5.0
        assert made.operator == "add" and len(made.arguments) == 20_001
        assert read("a - b - c + 2 - d*3*e/f*g") is read("((((a - b) - c) + 2) - ((((d*3)*e)/f)*g))")


MANY = SMALL.replace('amount = "10 ug/mL"', 'amount = "10 ug/mL"\nevery = "0.01 h"\ntimes = 2000')


def test_check_says_before_a_large_run_what_it_takes(here, capsys):
    arms = "".join(f'[[arm]]\nname = "a{k}"\ndoses = ["t"]\n' for k in range(100))
    text = MANY.replace("[show]", f"{arms}[show]")
    Path("a.toml").write_text(text, encoding="utf-8")
    assert main(["check", "a.toml"]) == BAD_INPUT
    assert "202000 doses would be given in all arms; at most 200000 make sense" in capsys.readouterr().err
    Path("a.toml").write_text(text.replace("2000\n", "1900\n"), encoding="utf-8")
    assert main(["check", "a.toml"]) == DONE
    said = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"A run takes about \d+ s and 0\.\d GB of memory: 102 arms, 191900 doses and changes, ", said)
    assert main(["check", "small.toml"]) == DONE
    assert "A run takes" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("screen", "small.toml", "--pairs", "1000000000"),
        ("single-cells", "small.toml", "--cells", "1000000000"),
        ("dose-response", "small.toml", "--draws", "1000000000", "--ensemble", "ranges"),
        ("synergy", "antimir21_resensitises", "--grid", "100000x100000"),
        ("fit", "small.toml", "--starts", "1000000000"),
        ("run", "m.xml", "--points", "1000000000"),
    ],
)
def test_counts_have_bounds(here, capsys, arguments):
    code, lines = told(capsys, *arguments)
    assert code == BAD_INPUT and any("at most" in line or "less than or equal" in line for line in lines), lines
