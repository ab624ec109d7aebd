"""Model files that end the process in which libSBML reads them end nothing else."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.formats import FormatError
from pathway.formats.sbml import parser, parser_process, read_sbml, read_sbml_text
from pathway.formats.sbml.document import open_document
from pathway.formats.sbml.reader import read_declarations
from pathway.formats.sbml.wire import from_json, to_json

CORE = "http://www.sbml.org/sbml/level3/version1/core"
COMP = "http://www.sbml.org/sbml/level3/version1/comp/version1"
DECAY = f"""<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="{CORE}" level="3" version="1"><model id="decay">
<listOfCompartments><compartment id="cell" size="1" constant="true" spatialDimensions="3"/></listOfCompartments>
<listOfSpecies><species id="x" compartment="cell" initialConcentration="2" hasOnlySubstanceUnits="false"
 boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.1" constant="true"/></listOfParameters>
<listOfReactions><reaction id="loss" reversible="false" fast="false"><listOfReactants>
<speciesReference species="x" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>cell</ci><ci>k</ci><ci>x</ci></apply>
</math></kineticLaw></reaction></listOfReactions>
</model></sbml>"""

STORED_ANSWER = parser.stored_answer


@pytest.fixture(autouse=True)
def unread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No file has been read before, and none is remembered."""
    monkeypatch.setenv("PATHWAY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(parser, "stored_answer", lambda key: None)


class Asked(Exception):
    """The process would have been asked."""


def is_asked(text: str, name: str = "decay.xml", folder: Path | None = None) -> bool:
    """Whether a text is shown to the process; it is the answer of a text that is not, too."""
    try:
        model = read_sbml_text(text, name, folder).model
    except Asked:
        return True
    assert model.species == ("x",) and model.parameter_values[model.parameter_index("k")] == 0.1
    return False


def test_a_file_that_was_read_before_is_not_shown_to_the_process_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(request: dict[str, object]) -> None:
        raise Asked

    external = DECAY.replace("<model id", f"<!-- externalModelDefinition {tmp_path} --><model id")
    broken = DECAY.replace("</model>", "")
    for text in (DECAY, external):
        read_sbml_text(text, "decay.xml")
    with pytest.raises(FormatError):
        read_sbml_text(broken, "decay.xml")
    monkeypatch.setattr(parser, "stored_answer", STORED_ANSWER)
    monkeypatch.setattr(parser, "_answer", refuse)
    assert not is_asked(DECAY)
    assert is_asked(DECAY.replace('"0.1"', '"0.2"')) and is_asked(DECAY, "other.xml")
    assert is_asked(external) and is_asked(broken)
    monkeypatch.setattr(parser, "installed_version", lambda name: "another")
    assert is_asked(DECAY)


def test_a_file_that_ends_libsbml_is_one_line_and_the_next_one_is_read() -> None:
    # libSBML 5.20 reads memory that it does not own where the core namespace has a prefix and `comp` is required:
    # mostly it ends with SIGSEGV, now and then it finds nothing amiss.
    names = f'xmlns:s="{CORE}" xmlns:comp="{COMP}" level="3" version="1" comp:required="true"'
    text = f'<s:sbml {names}><s:model id="m"/></s:sbml>'
    for _ in range(3):
        try:
            assert read_sbml_text(text, "prefixed.xml").model.species == ()
        except FormatError as reason:
            assert str(reason).startswith("prefixed.xml:") and "\n" not in str(reason)
    assert read_sbml_text(DECAY, "decay.xml").model.species == ("x",)


def test_a_process_that_dies_by_itself_is_replaced() -> None:
    read_sbml_text(DECAY, "decay.xml")
    assert parser._running is not None
    parser._running.process.kill()
    parser._running.process.wait()
    with pytest.raises(FormatError, match=r"decay\.xml: "):
        read_sbml_text(DECAY, "decay.xml")
    assert read_sbml_text(DECAY, "decay.xml").model.species == ("x",)


def test_the_folder_it_was_started_in_may_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("antimony")
    gone, here = tmp_path / "gone", tmp_path / "here"
    gone.mkdir()
    here.mkdir()
    monkeypatch.chdir(gone)
    parser.close_parser()
    read_sbml_text(DECAY, "decay.xml")
    monkeypatch.chdir(here)
    gone.rmdir()
    (here / "decay.ant").write_text("species x = 1; x -> ; x")
    assert pathway.load(Path("decay.ant")).species == ("x",)


def test_memory_and_time_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = "".join(f'<parameter id="p{i}" value="1" constant="true"/>' for i in range(200_000))
    model = f'<model id="m"><listOfParameters>{parameters}</listOfParameters></model>'
    text = f'<sbml xmlns="{CORE}" level="3" version="1">{model}</sbml>'
    parser.close_parser()
    monkeypatch.setattr(parser, "MEMORY", 150_000_000)
    with pytest.raises(FormatError, match=r"^large\.xml: .*(memory|malformed)"):
        read_sbml_text(text, "large.xml")
    monkeypatch.setattr(parser, "MEMORY", 2 * 1024**3)
    monkeypatch.setattr(parser, "SECONDS", 0.05)
    monkeypatch.setattr(parser, "SECONDS_PER_MEGABYTE", 0.0)
    with pytest.raises(FormatError, match=r"^large\.xml: .*longer than"):
        read_sbml_text(text, "large.xml")
    monkeypatch.setattr(parser, "WAITED", 1e6)  # now the system alone ends it, by the time of the processor
    with pytest.raises(FormatError, match=r"^large\.xml: .*longer than"):
        read_sbml_text(text, "large.xml")


def test_time_in_which_others_have_the_processor_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "SECONDS", 1.0)
    read_sbml_text(DECAY, "decay.xml")
    assert parser._running is not None
    process = parser._running.process
    process.send_signal(signal.SIGSTOP)
    threading.Timer(1.5, process.send_signal, [signal.SIGCONT]).start()
    assert read_sbml_text(DECAY, "decay.xml").model.species == ("x",)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "missing"])
def test_what_is_no_file_is_named(kind: str, tmp_path: Path) -> None:
    path = {"device": Path("/dev/zero"), "folder": tmp_path}.get(kind, tmp_path / "model.xml")
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(FormatError) as reason:
        read_sbml(path)
    assert str(reason.value).startswith(f"{path}: ") and "\n" not in str(reason.value)


def test_the_parent_never_loads_libsbml(tmp_path: Path) -> None:
    file = tmp_path / "decay.xml"
    file.write_text(DECAY)
    script = f"import sys, pathway; pathway.load({str(file)!r}); assert 'libsbml' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(parser.__file__).parents[3])


def test_what_libraries_print_does_not_reach_the_answers(tmp_path: Path) -> None:
    request = {"text": DECAY, "name": "decay.xml", "folder": None, "language": "sbml"}
    program = (
        "import os, sys; from pathway.formats.sbml import parser_process as p; a = p.answer;"
        "p.answer = lambda request: (os.write(1, b'noise\\n'), print('more noise'), a(request))[-1]; p.main(2**31)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps({"seconds": 20.0, "request": request}) + "\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(parser.__file__).parents[3],
    )
    assert [set(json.loads(line)) for line in done.stdout.splitlines()] == [{"nodes", "declared"}]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 1e-320, 0.1])
def test_numbers_cross_with_every_bit(value: float) -> None:
    declared = read_declarations(open_document(DECAY, "decay.xml"), "decay.xml")
    declared.quantities["k"].value = value
    back = from_json(json.loads(json.dumps(to_json(declared))))
    assert np.float64(back.quantities["k"].value).tobytes() == np.float64(value).tobytes()
    back.quantities["k"].value = declared.quantities["k"].value = 0.0
    assert back == declared


def test_corrupted_files_give_a_model_or_one_line() -> None:
    """Bytes flipped, tags doubled, pieces cut out: whatever libSBML does, this process goes on."""
    chance, text = random.Random(7), DECAY
    pieces = [piece + ">" for piece in text.split(">")]
    for _ in range(150):
        broken = list(pieces)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(broken))
            action = chance.randrange(4)
            if action == 0:
                del broken[place]
            elif action == 1:
                broken.insert(place, chance.choice(pieces))
            elif action == 2:
                broken[place] = broken[place].replace("level3", "level2").replace('level="3"', 'level="2"')
            else:
                broken[place] = broken[place].replace('"', "'" if chance.random() < 0.5 else '" comp:required="true', 1)
        try:
            read_sbml_text("".join(broken), "broken.xml")
        except FormatError as reason:
            assert "\n" not in str(reason)


def test_a_fault_of_ours_is_no_remark_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(parser_process, "_declarations", fail)
    assert "ZeroDivisionError" in parser_process.answer({"name": "x"})["fault"]
