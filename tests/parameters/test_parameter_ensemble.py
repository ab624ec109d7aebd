"""The file of parameter sets: what is written comes back, and what is no such file is refused in one line."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pathway.parameters import ParameterError
from pathway.parameters.parameter_ensemble import ParameterEnsemble, read_ensemble, write_ensemble
from tests.parameters.ensembles import drawn_ensemble


def test_what_is_written_comes_back_and_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    made = drawn_ensemble(7)
    digest = write_ensemble(tmp_path / "one.npz", made)
    assert write_ensemble(tmp_path / "two.npz", made) == digest
    content = (tmp_path / "one.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    found = read_ensemble(tmp_path / "one.npz")
    assert found.names == made.names and found.columns == made.columns and found.digest == digest
    for key in ("values", "weights_measured", "weights_findings", "log_likelihood"):
        assert np.array_equal(getattr(found, key), getattr(made, key)), key
    assert found.about["seed"] == 1 and found.remark == ""
    assert found.chosen == pytest.approx(made.values[np.argmax(made.weights_measured)], rel=0)
    # NumPy alone reads it, without pickle.
    with np.load(tmp_path / "one.npz", allow_pickle=False) as archive:
        assert json.loads(str(archive["about"]))["seed"] == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights_measured": np.full(5, 0.3)}, "weights_measured are not weights"),
        ({"weights_findings": np.full(4, 0.25)}, r"weights_findings has shape \(4,\), expected \(5,\)"),
        ({"log_likelihood": np.zeros((5, 2))}, r"log_likelihood has shape \(5, 2\), expected \(5, 3\)"),
        ({"names": ("k_PTENN",)}, "'k_PTENN': no parameter of this name is of the circuit. Did you mean"),
        ({"names": ("bt474.EGFR_levl",)}, "Did you mean 'EGFR_level'"),
        ({"names": ("loop.miR21_extra_transcription",)}, "no parameter of this name carries a loop"),
        ({"first": np.nan}, "hold something that is no number"),
        ({"first": -1.0}, "or negative"),
    ],
)
def test_what_could_not_be_used_is_not_written(change: dict[str, object], told: str, tmp_path: Path) -> None:
    made = drawn_ensemble(5)
    if "names" in change:
        change = {"names": (*change["names"], *made.names[1:])}  # type: ignore[misc]
    if "first" in change:
        values = made.values.copy()
        values[2, 0] = change.pop("first")
        change = {"values": values}
    with pytest.raises(ParameterError, match=told) as error:
        write_ensemble(tmp_path / "wrong.npz", replace(made, **change))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "wrong.npz").exists()


def _written(folder: Path) -> Path:
    write_ensemble(folder / "ensemble.npz", drawn_ensemble(5))
    return folder / "ensemble.npz"


def test_files_of_other_kinds_are_refused_in_one_line(tmp_path: Path) -> None:
    file = _written(tmp_path)
    content = file.read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    middle = content.index(b"values.npy") + 400
    (tmp_path / "flipped.npz").write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :])
    (tmp_path / "words.npz").write_text("names,values\n")
    np.savez(tmp_path / "other.npz", names=np.array(["a"]))
    np.savez(tmp_path / "pickled.npz", **dict.fromkeys(_keys(file), np.array([{"a": 1}], dtype=object)))
    for name in ("cut", "flipped", "words", "other", "pickled", "missing"):
        with pytest.raises(ParameterError, match=f"{name}.npz: ") as error:
            read_ensemble(tmp_path / f"{name}.npz")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "array", "told"),
    [
        ("names", np.array("a"), r"values has shape \(5, \d+\), expected \(members, 1\)"),
        ("columns", np.array(0.0), r"log_likelihood has shape \(5, 3\), expected \(5, 1\)"),
        ("values", np.ones((5, 3), dtype=complex), r"values has shape \(\)"),
        ("values", np.array([[b"1"]]), r"values has shape \(\)"),
        ("weights_measured", np.ones(5, dtype="M8[s]"), r"weights_measured has shape \(\)"),
        ("log_likelihood", np.full((5, 3), np.nan), "log_likelihood holds something that is no number"),
        ("chosen", np.array([np.nan]), "chosen hold something that is no number"),
        ("about", np.array(["{}", "{}"]), "'about' is no JSON object"),
    ],
)
def test_arrays_of_another_kind_are_refused(key: str, array: np.ndarray, told: str, tmp_path: Path) -> None:
    with np.load(_written(tmp_path), allow_pickle=False) as stored:
        arrays = dict(stored)
    if key == "chosen":
        array = np.where(np.arange(len(arrays["names"])) == 2, np.nan, arrays["chosen"])
    np.savez(tmp_path / "other.npz", **{**arrays, key: array})
    with pytest.raises(ParameterError, match=told) as error:
        read_ensemble(tmp_path / "other.npz")
    assert "\n" not in str(error.value)


def _keys(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def test_another_circuit_is_refused_and_other_numbers_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _written(tmp_path)
    module = "pathway.parameters.parameter_ensemble"
    with monkeypatch.context() as patch:
        patch.setattr(f"{module}.fixed_numbers_hash", lambda names: "other")
        assert "numbers of the circuit" in read_ensemble(file).remark
    monkeypatch.setattr(f"{module}.circuit_hash", lambda: "other")
    with pytest.raises(ParameterError, match="belongs to another circuit"):
        read_ensemble(file)


def test_leaving_one_finding_out_divides_its_likelihood_away() -> None:
    """Three members: measured weights 0.5, 0.3, 0.2; likelihoods of V3 1, 2, 4 and of V1 3, 1, 1."""
    measured = np.array([0.5, 0.3, 0.2])
    v3, v1 = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 1.0])
    both = measured * v3 * v1
    made = ParameterEnsemble(
        names=("k_PTEN_loss",),
        values=np.ones((3, 1)),
        weights_measured=measured,
        weights_findings=both / both.sum(),
        log_likelihood=np.log(np.stack([np.ones(3), v3, v1], axis=1)),
        columns=("imoto:bt474", "finding:V3@bt474", "findings:V1"),
    )
    assert made.weights_without("V3") == pytest.approx(measured * v1 / (measured * v1).sum())
    assert made.weights_without("V1") == pytest.approx(measured * v3 / (measured * v3).sum())
    assert made.weights_without("V9") == pytest.approx(made.weights_findings)
