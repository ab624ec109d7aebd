"""Folders of results: whole or not at all, and nobody else's file is ever lost."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pathway import folders
from pathway.folders import (
    MANIFEST,
    FolderError,
    growing_folder,
    new_folder,
    read_manifest,
    verify_folder,
    write_atomically,
)

OF = {"scenario": "small", "settings": []}


def fill(out, content="one", kind="run", identity=OF, force=False, names=("a.csv", "inputs/s.toml")):
    with new_folder(out, kind, identity, force) as draft:
        for name in names:
            draft.write(name, content)
    return draft


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def own(folder):
    return {name: text for name, text in contents(folder).items() if name != MANIFEST}


@pytest.fixture(params=["exchanged", "renamed twice"])
def exchange(request, monkeypatch):
    """Both ways of putting a folder where another is."""
    if request.param != "exchanged":
        monkeypatch.setattr(folders, "_swap", lambda one, other: False)


def test_a_folder_appears_with_a_manifest_and_is_as_it_was_written(tmp_path):
    fill(tmp_path / "out")
    assert own(tmp_path / "out") == {"a.csv": "one", "inputs/s.toml": "one"}
    assert read_manifest(tmp_path / "out").files.keys() == {"a.csv", "inputs/s.toml"}
    assert verify_folder(tmp_path / "out") == ([], [])
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_verify_names_what_is_missing_changed_and_foreign(tmp_path):
    out = tmp_path / "out"
    fill(out, names=("a.csv", "b.csv", "c.csv"))
    (out / "a.csv").write_text("two")
    (out / "b.csv").unlink()
    (out / "mine.txt").write_text("dear")
    assert verify_folder(out) == (["a.csv: is not the file that was written", "b.csv: is missing"], ["mine.txt"])
    with pytest.raises(FolderError, match=r"holds no manifest\.json"):
        verify_folder(tmp_path)


def test_the_same_result_replaces_its_own_files_and_nothing_else(tmp_path, exchange):
    out = tmp_path / "out"
    fill(out, names=("a.csv", "old.csv", "inputs/s.toml"))
    (out / "mine.txt").write_text("dear")
    (out / "other" / "deep").mkdir(parents=True)
    (out / "other" / "deep" / "mine.txt").write_text("dear")
    (out / "inputs" / "mine.txt").write_text("dear")
    (out / "empty").mkdir()
    (out / "link").symlink_to("mine.txt")
    (out / "a.csv").write_text("edited by hand")
    draft = fill(out, "two")
    assert own(out) == {
        "a.csv": "two",
        "a.csv.kept": "edited by hand",
        "inputs/mine.txt": "dear",
        "inputs/s.toml": "two",
        "link": "dear",
        "mine.txt": "dear",
        "other/deep/mine.txt": "dear",
    }
    assert draft.kept == ["a.csv.kept", "empty", "inputs/mine.txt", "link", "mine.txt", "other"]
    assert (out / "empty").is_dir() and (out / "link").is_symlink()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("kind", "identity", "message"),
    [
        ("fit", OF, "holds a run of 'small', not a fit"),
        ("run", {"scenario": "other", "settings": []}, "holds a run of 'small', not of 'other'"),
        ("run", {"scenario": "small", "settings": ["k=1"]}, r"with other settings \(settings none instead of k=1\)"),
        ("run", {"scenario": "small", "settings": ["\x1b[2J"]}, r"settings none instead of \\x1b\[2J"),
    ],
)
def test_another_result_is_refused_unless_forced_and_foreign_files_stay_even_then(tmp_path, kind, identity, message):
    out = tmp_path / "out"
    fill(out)
    (out / "mine.txt").write_text("dear")
    before = contents(out)
    with pytest.raises(FolderError, match=message):
        fill(out, "two", kind, identity)
    assert contents(out) == before
    fill(out, "two", kind, identity, force=True, names=("b.csv",))
    assert own(out) == {"b.csv": "two", "mine.txt": "dear"}


def test_a_folder_of_others_is_refused_and_with_force_written_beside(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.csv").write_text("dear")
    with pytest.raises(FolderError, match="holds something else than a run"):
        fill(out)
    assert contents(out) == {"a.csv": "dear"}
    fill(out, force=True)
    assert own(out) == {"a.csv": "one", "a.csv.kept": "dear", "inputs/s.toml": "one"}


def test_files_and_dangling_links_are_refused_by_name_and_links_to_folders_followed(tmp_path):
    (tmp_path / "file").write_text("dear")
    with pytest.raises(FolderError, match="file: this is a file"):
        fill(tmp_path / "file")
    (tmp_path / "nowhere").symlink_to("gone")
    with pytest.raises(FolderError, match="nowhere: a symbolic link to gone, where nothing is"):
        fill(tmp_path / "nowhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    for content in ("one", "two"):
        fill(tmp_path / "link", content)
    assert (tmp_path / "link").is_symlink() and own(tmp_path / "elsewhere")["a.csv"] == "two"


@pytest.mark.parametrize("name", ["../victim", "/etc/victim", "a/../../victim"])
def test_a_manifest_that_points_outside_is_refused(tmp_path, name):
    out = tmp_path / "out"
    fill(out)
    (tmp_path / "victim").write_text("dear")
    manifest = {"kind": "run", "of": OF, "files": {name: None}}
    (out / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(FolderError, match="cannot be read"):
        fill(out)
    fill(out, "two", force=True)
    assert (tmp_path / "victim").read_text() == "dear"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": 1, "of": {}, "files": {}}', "[" * 100_000, "\udcff"])
def test_a_broken_manifest_is_one_line(tmp_path, text):
    fill(tmp_path / "out")
    (tmp_path / "out" / MANIFEST).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FolderError, match=r"manifest\.json: cannot be read") as caught:
        verify_folder(tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_result_whose_place_was_taken_meanwhile_is_kept_beside_it(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(FolderError, match=r"holds a fit of 'small', not a run; .*lies in .*out\.kept"):
        with new_folder(out, "run", OF) as draft:
            draft.write("a.csv", "one")
            fill(out, "two", kind="fit", names=("b.csv",))
    assert own(out) == {"b.csv": "two"} and own(tmp_path / "out.kept") == {"a.csv": "one"}
    assert verify_folder(tmp_path / "out.kept") == ([], []) and len(list(tmp_path.iterdir())) == 2


def test_what_a_kill_left_is_put_right_by_the_next_run_there_and_not_by_one_beside_it(tmp_path):
    """After the exchange the old folder lies hidden beside the new one, with the files of others in it."""
    for name in ("out", "out-k=1", ".out-k=1-abcdefgh.draft"):
        fill(tmp_path / name)
    (tmp_path / ".out-k=1-abcdefgh.draft" / "mine.txt").write_text("dear")
    fill(tmp_path / "out", "two")
    assert (tmp_path / ".out-k=1-abcdefgh.draft" / "mine.txt").exists() and "mine.txt" not in own(tmp_path / "out")
    fill(tmp_path / "out-k=1", "two")
    assert own(tmp_path / "out-k=1")["mine.txt"] == "dear"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out-k=1"]


def test_nothing_is_left_where_filling_fails(tmp_path):
    fill(tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "out", "run", OF) as draft:
        draft.write("a.csv", "two")
        raise KeyboardInterrupt
    assert contents(tmp_path / "out") == before and [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("place", ["write", "fsync", "rename"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, place):
    fill(tmp_path / "out")
    (tmp_path / "out" / "mine.txt").write_text("dear")
    before = contents(tmp_path / "out")

    def full(*arguments, **words):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if place == "write":
            patch.setattr(Path, "write_bytes", full)
        elif place == "fsync":
            patch.setattr(os, "fsync", full)
        else:
            patch.setattr(folders, "_swap", lambda one, other: False)
            patch.setattr(os, "rename", full)
        with pytest.raises(OSError, match="No space left"):
            fill(tmp_path / "out", "two")
        with pytest.raises(OSError, match="No space left"):
            if place == "rename":
                patch.setattr(os, "replace", full)
            if place == "write":
                full()
            write_atomically(tmp_path / "out" / "a.csv", "three")
    assert contents(tmp_path / "out") == before and [p.name for p in tmp_path.iterdir()] == ["out"]


KILLED = """
import os, random, signal, sys, threading, time
sys.path.insert(0, {root!r})
from pathlib import Path
from pathway import folders
if {renamed}:
    folders._swap = lambda one, other: False
threading.Thread(target=lambda: (time.sleep({delay}), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
k = {first}
while True:
    with folders.new_folder(Path({out!r}), "run", {{"scenario": "small"}}) as draft:
        for name in ("a.csv", "b.csv", "inputs/c.csv"):
            draft.write(name, str(k))
    k += 1
"""


def kill_and_look(tmp_path, rounds, seed):
    """Folders replaced without pause by processes that are killed: each look finds one of them whole."""
    rng, out = random.Random(seed), tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("dear")
    fill(out, "0", identity={"scenario": "small"}, names=("a.csv", "b.csv", "inputs/c.csv"), force=True)
    for k in range(rounds):
        words = {"root": str(Path(__file__).parents[1]), "out": str(out), "renamed": k % 2 == 1, "first": 1000 * k}
        code = KILLED.format(**words, delay=0.15 + 0.25 * rng.random())
        process = subprocess.run([sys.executable, "-c", code], timeout=60)
        assert process.returncode == -signal.SIGKILL
        if out.exists():
            held = own(out)
            assert len({held[name] for name in ("a.csv", "b.csv", "inputs/c.csv")}) == 1 and verify_folder(out)[0] == []
        else:
            assert k % 2 == 1, "only two renames can leave nothing, which the next run puts right"
        fill(out, "again", identity={"scenario": "small"}, names=("a.csv", "b.csv", "inputs/c.csv"))
        assert own(out)["mine.txt"] == "dear" and own(out)["a.csv"] == "again"
        assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_killed_process_leaves_the_old_or_the_new_folder_and_no_file_of_others_is_lost(tmp_path):
    kill_and_look(tmp_path, rounds=6, seed=1)


@pytest.mark.slow
def test_a_hundred_killed_processes_lose_nothing(tmp_path):
    kill_and_look(tmp_path, rounds=100, seed=2)


# Folders that grow


def test_a_growing_folder_lists_its_files_and_goes_on(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), growing_folder(out, "fit", {"problem": "p"}, ["s0", "s1"]) as folder:
        folder.write("s0", "one")
        raise KeyboardInterrupt
    assert verify_folder(out) == (["unfinished: 1 of 2 files are still to be made"], [])
    (out / "mine.txt").write_text("dear")
    (out / "report.html").write_text("dear")
    with growing_folder(out, "fit", {"problem": "p"}, ["s0", "s1"]) as folder:
        folder.write("s1", "two")
        folder.write("report.html", "page")
        folder.finished = True
    assert verify_folder(out) == ([], ["mine.txt", "report.html.kept"]) and folder.kept == ["report.html.kept"]
    with pytest.raises(FolderError, match="holds a fit of 'p', not a run"):
        fill(out)
    with growing_folder(out, "fit", {"problem": "q"}, ["s0"], force=True):
        assert own(out) == {"mine.txt": "dear", "report.html.kept": "dear"}


@pytest.mark.skipif(folders.fcntl is None, reason="no locks here")
def test_two_processes_do_not_grow_one_folder(tmp_path):
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from pathway.folders import *\n"
        "with growing_folder(Path(sys.argv[2]), 'fit', {'problem': 'p'}): print('in', flush=True); time.sleep(60)"
    )
    arguments = [sys.executable, "-c", code, str(Path(__file__).parents[1]), str(tmp_path / "out")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"in\n"
            with pytest.raises(FolderError, match="another process is writing there"):
                with growing_folder(tmp_path / "out", "fit", {"problem": "p"}):
                    pass
        finally:
            process.kill()
    time.sleep(0.05)
    with growing_folder(tmp_path / "out", "fit", {"problem": "p"}):
        pass
