"""Files that others may have changed: arrays and JSON are read as they were written, or refused in one line."""

import io
import json
import zipfile

import numpy as np
import pytest

from pathway.errors import InputError
from pathway.files import parse_json, read_arrays
from pathway.folders import FolderError, stored_content, stored_json

ARRAYS = {
    "plain": np.linspace(0.0, 1.0, 6).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big": np.arange(3, dtype=">f8"),
    "words": np.array(["a", "µ"]),
    "one": np.array(7.5),
    "none": np.zeros((0, 4)),
    "truth": np.array([True, False]),
}


def archive(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_arrays_are_what_numpy_reads():
    content = archive(**ARRAYS)
    found = read_arrays(content, ["plain"], [*list(ARRAYS)[1:], "absent"])
    with np.load(io.BytesIO(content), allow_pickle=False) as expected:
        assert set(found) == set(expected.files)
        for name, array in found.items():
            assert np.array_equal(array, expected[name]) and array.dtype == expected[name].dtype
            assert array.shape == expected[name].shape and array.flags.writeable


def with_header(old, new):
    """An archive in which the header of its array says something else; checksums are right."""
    stream, entry = io.BytesIO(), io.BytesIO()
    np.save(entry, np.zeros(3))
    content = entry.getvalue()
    assert old in content and len(old) == len(new)
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("x.npy", content.replace(old, new))
    return stream.getvalue()


def bent(content, place):
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no archive of arrays, or damaged"),
        (b"x" * 100, "no archive of arrays, or damaged"),
        (archive(y=np.zeros(3)), "it lacks x"),
        (archive(x=np.array([{}], dtype=object)), "pickled objects, which are not read"),
        (with_header(b"(3,), }  ", b"(9999,)} "), r"an array of shape \(9999,\) is not of 24 bytes"),
        (with_header(b"(3,), } ", b"(-3,), }"), r"an array of shape \(-3,\) is not of 24 bytes"),
        (with_header(b"'<f8'", b"'<f4'"), r"an array of shape \(3,\) is not of 24 bytes"),
        (with_header(b"(3,)", b"(3,("), "damaged"),
        (with_header(b"NUMPY", b"NUMPX"), "damaged"),
        (archive(x=np.zeros(40_000_000, dtype=bool)), "unpacked it has 40000128 bytes; at most 1000000 are read"),
    ],
    ids=range(10),
)
def test_archives_that_are_none(content, said):
    with pytest.raises(InputError, match=said) as found:
        read_arrays(content, ["x"], largest=1_000_000)
    assert "\n" not in str(found.value)


def test_whichever_byte_is_bent_the_arrays_are_the_same_or_refused():
    """Also within what is compressed, where zlib raises an error of its own."""
    content = archive(x=ARRAYS["plain"])
    refused = 0
    for place in range(len(content)):
        try:
            found = read_arrays(bent(content, place), ["x"])["x"]
        except InputError:
            refused += 1
        else:
            assert np.array_equal(found, ARRAYS["plain"])
    assert refused > len(content) / 2


@pytest.mark.parametrize(
    ("text", "said"), [(b"[", "no JSON"), (b"\xff\xfe\xff", "no JSON"), (b"[" * 100_000, "nested too deeply")]
)
def test_json_that_is_none(text, said):
    with pytest.raises(InputError, match=said):
        parse_json(text)


def test_content_that_does_not_fit_is_one_line_with_the_folder(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"b": [1]}))
    with stored_content(tmp_path, "run"):
        assert stored_json(tmp_path, "a.json") == {"b": [1]}
    for read, said in (
        (lambda: stored_json(tmp_path, "c.json"), "no run: c.json is missing"),
        (lambda: stored_json(tmp_path, "a.json")["c"], "no run, or damaged ('c' is missing)"),
        (lambda: stored_json(tmp_path, "a.json")["b"][2], "no run, or damaged (list index out of range)"),
        (lambda: stored_json(tmp_path, "."), "no run, or damaged (.: this is a folder, not a file)"),
    ):
        with pytest.raises(FolderError) as found, stored_content(tmp_path, "run"):
            read()
        assert str(found.value) == f"{tmp_path}: {said}"


def test_a_fault_of_ours_is_no_damage(tmp_path):
    with pytest.raises(AssertionError), stored_content(tmp_path, "run"):
        raise AssertionError
