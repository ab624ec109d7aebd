"""Compiled code on disk: found again, rebuilt when damaged, safe for several processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.kernels import SOLVER, CompiledModel, cache_directory, compile_model, compiled, machine, storage

from .synthetic import chain


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATHWAY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled, "_recent", type(compiled._recent)())
    return tmp_path / "cache"


def forget() -> None:
    """What a new process knows."""
    compiled._recent.clear()


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def slopes(made: CompiledModel, model: Model) -> np.ndarray:
    species, out = np.linspace(0.5, 1.5, len(model.species))[:, None], np.empty((len(model.species), 1))
    made.call("right_hand_side", np.zeros(1), species, made.parameters(model.parameter_values), out)
    return out


def count_compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    original = machine.object_code

    def counted(text: str) -> bytes:
        calls.append(text)
        return original(text)

    monkeypatch.setattr(machine, "object_code", counted)
    return calls


def test_a_second_process_compiles_nothing_and_derives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain(8)
    expected = slopes(compile_model(model, 1), model)
    forget()
    calls = count_compilations(monkeypatch)
    monkeypatch.setattr(compiled, "Derivation", None)
    again = compile_model(chain(8), 1)
    assert not calls
    assert np.array_equal(slopes(again, model), expected)
    assert len(again.patterns["jacobian"]) > 0
    assert again.sizes["lu"] > 0


def test_loading_takes_milliseconds() -> None:
    model = chain(50)
    compile_model(model, 1)
    times = []
    for _ in range(5):
        forget()
        start = time.perf_counter()
        compile_model(model, 1)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05


def test_only_missing_parts_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain(6)
    compile_model(model, 1, ("right_hand_side",))
    calls = count_compilations(monkeypatch)
    compile_model(model, 1, ("right_hand_side", "jacobian"))
    assert len(calls) == 1


def test_values_do_not_count_but_formulas_do(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain(6)
    compile_model(model, 1)
    calls = count_compilations(monkeypatch)
    compile_model(model.with_parameters({model.parameters[0]: 7.0}), 1)
    compile_model(model.with_initial_values(np.ones(6)), 1)
    compile_model(replace(model, observables={"x": parse("s0")}), 1)
    assert not calls
    changed = replace(model, rates={**model.rates, "r1": parse("2 * s0")})
    assert not np.array_equal(slopes(compile_model(changed, 1), changed), slopes(compile_model(model, 1), model))
    assert calls


def test_changed_observables_are_compiled_anew() -> None:
    model = chain(6)
    out = np.empty((1, 1))
    for text, expected in (("s0 + 1", 3.0), ("s0 * 5", 10.0)):
        changed = replace(model, observables={"x": parse(text)})
        made = compile_model(changed, 1, ("observables",))
        made.call("observables", np.zeros(1), np.full((6, 1), 2.0), made.parameters(model.parameter_values), out)
        assert out[0, 0] == expected


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "altered":
        path.write_bytes(content[:-40] + bytes([content[-40] ^ 255]) + content[-39:])
    elif how == "foreign":
        path.write_bytes(b"\x7fELF something else entirely")
    else:
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("how", ["empty", "truncated", "altered", "foreign", "a folder"])
def test_damaged_entries_are_rebuilt(how: str, empty_cache: Path) -> None:
    model = chain(6)
    expected = slopes(compile_model(model, 1), model)
    for path in entries(empty_cache):
        damage(path, how)
    forget()
    assert np.array_equal(slopes(compile_model(model, 1), model), expected)
    forget()
    assert np.array_equal(slopes(compile_model(model, 1), model), expected)


def test_an_entry_under_a_wrong_name_is_not_used(empty_cache: Path) -> None:
    first, second = chain(6, seed=1), chain(6, seed=2)
    compile_model(first, 1, ("right_hand_side",))
    keys = compiled._keys(first, 1, ("right_hand_side",)), compiled._keys(second, 1, ("right_hand_side",))
    path = storage._path(keys[1][0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(storage._path(keys[0][0]).read_bytes())
    expected = slopes(compile_model(second, 1, ("right_hand_side",)), second)
    storage._path(keys[1][0]).unlink()
    forget()
    assert np.array_equal(slopes(compile_model(second, 1, ("right_hand_side",)), second), expected)


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("PATHWAY_CACHE_DIR", str(blocked / "below"))
    model = chain(6)
    assert np.all(np.isfinite(slopes(compile_model(model, 1), model)))


def test_another_processor_has_its_own_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain(6)
    before = compiled._keys(model, 1, SOLVER)
    monkeypatch.setattr(machine, "machine_identity", lambda: "another processor")
    assert not set(before) & set(compiled._keys(model, 1, SOLVER))


def test_processes_may_compile_the_same_model_at_the_same_time(empty_cache: Path) -> None:
    program = (
        "import numpy as np\n"
        "from tests.kernels.synthetic import chain\n"
        "from tests.kernels.test_storage import slopes\n"
        "from pathway.kernels import compile_model\n"
        "model = chain(10)\n"
        "print(slopes(compile_model(model, 1), model).tobytes().hex())\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PATHWAY_CACHE_DIR": str(empty_cache), "PYTHONPATH": str(root)}
    running = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True, cwd=root)
        for _ in range(3)
    ]
    answers = {process.communicate(timeout=120)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(answers) == 1
    assert not [path for path in entries(empty_cache) if path.name.startswith(".")]


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_directory() == tmp_path / "cache"
    monkeypatch.delenv("PATHWAY_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert cache_directory() == tmp_path / "other" / "pathway"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are those of POSIX")
@pytest.mark.parametrize(("which", "mode"), [("files", 0o666), ("kernels", 0o770), ("root", 0o777)])
def test_code_that_others_could_have_written_is_not_run(
    which: str, mode: int, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = chain(8)
    expected = slopes(compile_model(model, 1), model)
    written = entries(empty_cache)
    places = {"files": written, "kernels": [empty_cache / "kernels"], "root": [empty_cache]}[which]
    for place in places:
        place.chmod(mode)
    monkeypatch.setattr(storage, "_told", set())
    calls = count_compilations(monkeypatch)
    forget()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert np.array_equal(slopes(compile_model(model, 1), model), expected)
        assert calls
        calls.clear()
        forget()
        assert np.array_equal(slopes(compile_model(model, 1), model), expected)
    # A file is written anew, for this user alone; where the folder is open to others, nothing is kept.
    assert bool(calls) == (which != "files")
    assert [str(t.message).partition(":")[0] for t in told] == ([] if which == "files" else [str(places[0])])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_code_of_another_user_is_not_run(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain(8)
    compile_model(model, 1)
    for entry in entries(empty_cache):
        os.chown(entry, 12345, -1)
    calls = count_compilations(monkeypatch)
    forget()
    compile_model(model, 1)
    assert calls and {entry.stat().st_uid for entry in entries(empty_cache)} <= {0, 12345}
