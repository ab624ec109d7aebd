"""Judges faults from a process that has imported and collected everything: each fault costs a fork and its tests."""

from __future__ import annotations

import contextlib
import difflib
import gc
import importlib
import inspect
import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from .mutants import Mutant
from .plant import NOT_PLANTED, VARIABLE, functions_by_file, into_functions, store

LONGEST_TEST = 3.0
"""Seconds of the processor; a test that takes longer is not asked."""

AT_MOST = 12.0
"""Seconds of tests for one fault in one run, as recorded without a fault; the next run goes on with others."""


@dataclass
class Coverage:
    """Which test passes which lines.

    Attributes
    ----------
    folder : Path
        Holds what was recorded, and the sources that its lines are of.
    sources : str
        Of now.
    tests : dict
        Name to digest of its function, seconds, and the lines by file; without lines where it fails or takes too long.
    at_import : dict
        Lines of each file that are passed when everything is imported: what they make is there before a fault is.
    """

    folder: Path
    sources: str
    tests: dict[str, dict[str, Any]] = field(default_factory=dict)
    at_import: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, sources: dict[str, str]) -> Coverage:
        """What was recorded, also for earlier sources: each line is looked for where it stands now."""
        text = json.dumps(sources, sort_keys=True)
        made = cls(folder, sha256(text.encode()).hexdigest()[:12])
        folder.mkdir(exist_ok=True)
        (folder / f"{made.sources}.json").write_text(text, encoding="utf-8")
        moved: dict[str, dict[str, list[int]]] = {}
        for line in made._stored.read_text(encoding="utf-8").splitlines() if made._stored.is_file() else ():
            if line.endswith("}"):
                entry = json.loads(line)
                if entry["sources"] not in moved:
                    before = json.loads((folder / f"{entry['sources']}.json").read_text(encoding="utf-8"))
                    moved[entry["sources"]] = {f: _moved(before.get(f, ""), sources[f]) for f in sources}
                places = moved[entry["sources"]]
                lines = {
                    f: [places[f][n] for n in numbers if n < len(places[f])]
                    for f, numbers in entry["lines"].items()
                    if f in places
                }
                made.tests[entry["test"]] = {**entry, "lines": lines}
        return made

    @property
    def _stored(self) -> Path:
        return self.folder / "tests.jsonl"

    def add(self, entry: dict[str, Any]) -> None:
        """One test."""
        self.tests[entry["test"]] = entry
        with self._stored.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({**entry, "sources": self.sources}) + "\n")

    def in_time(self, mutant: Mutant) -> bool:
        """Whether a fault that is put into a running program is in force before its lines are passed."""
        return mutant.in_function and not self.at_import.get(mutant.file, set()).intersection(mutant.lines)

    def passing(self, mutant: Mutant) -> list[dict[str, Any]]:
        """Tests that may notice: of a fault outside functions, all that use the file."""
        wanted = set(mutant.lines)
        chosen = []
        for entry in self.tests.values():
            lines = entry["lines"].get(mutant.file, ())
            if lines and (not self.in_time(mutant) or wanted.intersection(lines)):
                chosen.append(entry)
        return chosen


def _moved(before: str, now: str) -> list[int]:
    """Line of now by line of before; a line that is gone stands for what took its place."""
    old, new = before.splitlines(), now.splitlines()
    if old == new:
        return list(range(len(old) + 1))
    found = [0] * (len(old) + 1)
    for _, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for k in range(i1, i2):
            found[k + 1] = 1 + min(j1 + (k - i1), max(j1, j2 - 1))
    return found


class Judge:
    """A plugin of pytest that judges faults in place of running the tests.

    Parameters
    ----------
    tree : Path
    sources : dict
        File to text, as imported.
    coverage : Coverage
    mutants : iterable of (fault, tests that were asked before)
    report : callable
        Takes the fault, whether it was noticed, by which test, and which tests were asked.
    """

    def __init__(
        self,
        tree: Path,
        sources: dict[str, str],
        coverage: Coverage,
        mutants: Iterator[tuple[Mutant, set[str]]],
        report: Callable[[Mutant, bool, str, list[str]], None],
    ) -> None:
        self._tree, self._sources, self._coverage = tree, sources, coverage
        self._mutants, self._report = mutants, report
        self._scratch = Path(tempfile.mkdtemp(prefix="pathway-mutation-"))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Record, then judge."""
        self._coverage.at_import = _lines_at_import(self._tree, self._sources)
        _import_all()
        items = {item.nodeid: item for item in session.items}
        try:
            self._record(session, items)
            self._functions = functions_by_file()
            gc.freeze()  # a child that collects garbage would copy the memory of its parent
            for mutant, before in self._mutants:
                self._judge(session, items, mutant, before)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
        return True

    def _record(self, session: pytest.Session, items: dict[str, pytest.Item]) -> None:
        hashes = {name: _digest(item) for name, item in items.items()}
        known = self._coverage.tests
        new = [name for name in items if known.get(name, {}).get("function") != hashes[name]]
        for name in list(known):
            if name not in items:
                del known[name]
        while new:  # a test may end the process: the next one goes on behind it
            read, write = os.pipe()
            child = os.fork()
            if child == 0:
                self._record_in_child(session, [items[n] for n in new], write)
            os.close(write)
            done = 0
            with os.fdopen(read) as lines:
                for line in lines:
                    entry = json.loads(line)
                    self._coverage.add({**entry, "function": hashes[entry["test"]]})
                    done += 1
            os.waitpid(child, 0)
            if done < len(new):
                nothing = {"test": new[done], "seconds": 0.0, "lines": {}}
                self._coverage.add({**nothing, "function": hashes[new[done]]})
            new = new[done + 1 :]

    def _record_in_child(self, session: pytest.Session, items: list[pytest.Item], answers: int) -> None:
        import coverage

        self._begin_child(session, "record", "")
        names = {str(self._tree / file): file for file in self._sources}
        try:
            for item, following in zip(items, [*items[1:], None], strict=True):
                meter = coverage.Coverage(data_file=None, include=list(names), config_file=False, messages=False)
                begun, failed = time.process_time(), session.testsfailed
                with _no_longer_than(LONGEST_TEST):
                    meter.start()
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                meter.stop()
                seconds = time.process_time() - begun
                with warnings.catch_warnings():  # a test that passes none of the files
                    warnings.simplefilter("ignore")
                    data = meter.get_data()
                good = session.testsfailed == failed and seconds < LONGEST_TEST
                lines = {names[f]: data.lines(f) or [] for f in data.measured_files() if f in names} if good else {}
                entry = {"test": item.nodeid, "seconds": round(seconds, 3), "lines": lines}
                os.write(answers, (json.dumps(entry) + "\n").encode())
                session.shouldfail = session.shouldstop = False
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        os._exit(0)

    def _judge(self, session: pytest.Session, items: dict[str, pytest.Item], mutant: Mutant, before: set[str]) -> None:
        chosen, expected = [], 0.0
        passing = self._coverage.passing(mutant)
        for entry in reversed(passing) if before else _in_turn(passing):  # what was written since then comes first
            if _told(entry) not in before and expected + entry["seconds"] < AT_MOST:
                chosen.append(entry["test"])
                expected += entry["seconds"]
        noticed, by = False, ""
        if chosen:
            run = self._in_fork if self._coverage.in_time(mutant) else self._afresh
            try:
                noticed, by = run(session, items, mutant, chosen, 60.0 + 20.0 * expected)
            except _Gone:
                return  # somebody has changed the file meanwhile: the next run judges what stands there
        self._report(mutant, noticed, by, [_told(self._coverage.tests[name]) for name in chosen])

    def _in_fork(
        self, session: pytest.Session, items: dict[str, pytest.Item], mutant: Mutant, chosen: list[str], seconds: float
    ) -> tuple[bool, str]:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                self._begin_child(session, "judge", mutant.file)
                n = self._plant(mutant)
                if n == 0:
                    os.write(write, b"")
                    os._exit(3)
                run = [items[name] for name in chosen]
                signal.signal(
                    signal.SIGPROF, signal.SIG_DFL
                )  # ends the process, also where it never comes back to Python
                for item, following in zip(run, [*run[1:], None], strict=True):
                    usual = self._coverage.tests[item.nodeid]["seconds"]
                    signal.setitimer(signal.ITIMER_PROF, 10.0 + 10.0 * usual)
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    if session.testsfailed:
                        os.write(write, item.nodeid.encode())
                        os._exit(1)
            except BaseException as error:
                os.write(write, f"{type(error).__name__}".encode())
                os._exit(1)
            os._exit(0)
        os.close(write)
        code = _waited(child)
        with os.fdopen(read) as stream:
            by = stream.read()
        shutil.rmtree(self._scratch / "judge", ignore_errors=True)
        if code == 3:  # no function of this process holds it: one that is made anew at each call of another module
            return self._afresh(session, items, mutant, chosen, seconds)
        return code != 0, by or (_end_in_words(code) if code else "")

    def _plant(self, mutant: Mutant) -> int:
        path = str(self._tree / mutant.file)
        return into_functions(self._functions.get(path, ()), path, self._sources[mutant.file], mutant)

    def _begin_child(self, session: pytest.Session, name: str, file: str) -> None:
        """Its own folders and compiled code, its own group of processes, nothing on the terminal."""
        os.setsid()
        os.environ["PATHWAY_CACHE_DIR"] = str(self._cache_for(file))
        (self._scratch / name).mkdir(exist_ok=True)
        factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        factory._given_basetemp, factory._basetemp = self._scratch / name / "tmp", None
        session.testsfailed = 0

    def _cache_for(self, file: str) -> Path:
        """Compiled code: one copy for all, but nothing compiled from formulas for a fault in what writes the code."""
        writes_code = "/expressions/" in file
        place, usual = self._scratch / ("bare" if writes_code else "cache"), Path("~/.cache/pathway").expanduser()
        if writes_code:
            shutil.rmtree(place / "kernels", ignore_errors=True)
        if not place.is_dir():
            place.mkdir()
            for part in ("loops",) if writes_code else ("loops", "kernels"):
                if (usual / part).is_dir():
                    shutil.copytree(usual / part, place / part)
        return place

    def _afresh(
        self, session: pytest.Session, items: dict[str, pytest.Item], mutant: Mutant, chosen: list[str], seconds: float
    ) -> tuple[bool, str]:
        """In a new process: what a module makes when it is imported has to be made with the fault."""
        asked = self._scratch / "mutant.json"
        store(asked, self._tree, mutant)
        options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-p", "tests.mutation.plant"]
        temporary = ["--basetemp", str(self._scratch / "fresh" / "tmp")]
        environment = {VARIABLE: str(asked), "PATHWAY_CACHE_DIR": str(self._cache_for(mutant.file))}
        run = subprocess.Popen(
            [sys.executable, "-c", _LIMITED.format(round(seconds)), *options, *temporary, *chosen],
            cwd=self._tree,
            env={**os.environ, "PYTHONPATH": str(self._tree), "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        run.returncode = code = _waited(run.pid)
        shutil.rmtree(self._scratch / "fresh", ignore_errors=True)
        if code == NOT_PLANTED:
            raise _Gone
        return code != 0, ("at import" if code > 0 else _end_in_words(code)) if code else ""


def _told(entry: dict[str, Any]) -> str:
    """A test as a verdict names it: with its own text, or a sharper one would not be asked."""
    return f"{entry['test']} {entry['function']}"


def _digest(item: pytest.Item) -> str:
    """Of a test's own text: one that others were written beside need not be recorded again."""
    source = inspect.getsource(item.function)  # type: ignore[attr-defined]
    return sha256(source.encode()).hexdigest()[:12]


def _in_turn(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fastest test of each file, then the second of each: tests of one file mostly notice the same faults."""
    by_file: dict[str, list[dict[str, Any]]] = {}
    for entry in sorted(entries, key=lambda entry: entry["seconds"]):
        by_file.setdefault(entry["test"].partition("::")[0], []).append(entry)
    rounds = zip_longest(*by_file.values())
    return [entry for of_round in rounds for entry in sorted(filter(None, of_round), key=lambda e: e["seconds"])]


def _import_all() -> None:
    """Children are not to read files that somebody changes meanwhile."""
    import pathway

    for module in pkgutil.walk_packages(pathway.__path__, "pathway."):
        if not module.name.endswith("__main__") and "parser_process" not in module.name:
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)


_IMPORTS = """import coverage, json, sys
meter = coverage.Coverage(data_file=None, include=json.loads(sys.argv[1]), config_file=False, messages=False)
meter.start()
from tests.mutation.judge import _import_all
_import_all()
meter.stop()
data = meter.get_data()
print(json.dumps({file: data.lines(file) for file in data.measured_files()}))"""


def _lines_at_import(tree: Path, sources: dict[str, str]) -> dict[str, set[int]]:
    """Found out by a process of its own: this one has imported some already."""
    names = {str(tree / file): file for file in sources}
    run = subprocess.run(
        [sys.executable, "-c", _IMPORTS, json.dumps(list(names))],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {names[file]: set(lines) for file, lines in json.loads(run.stdout.splitlines()[-1]).items()}


class _Gone(Exception):
    pass


class _TooLong(BaseException):
    pass


@contextlib.contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except _TooLong:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


_LIMITED = """import resource, sys, pytest
resource.setrlimit(resource.RLIMIT_CPU, ({0}, {0}))
sys.exit(pytest.main(sys.argv[1:]))"""
"""A program that runs tests for so many seconds of the processor at most."""

STILL = 60.0
"""Seconds without any work after which a process counts as one that waits for something that never comes."""


def _waited(child: int) -> int:
    """Exit code of a process that limits its own time of the processor; one that stands still is ended.

    By the clock nothing is told: beside other programs a test may take any time, and has noticed nothing by that.
    """
    worked, since = -1, time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _end_group(child)
            return os.waitstatus_to_exitcode(status)
        now = _work_of_group(child)
        if now != worked:
            worked, since = now, time.monotonic()
        elif time.monotonic() - since > STILL:
            break
        time.sleep(0.02)
    _end_group(child)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def _work_of_group(leader: int) -> int:
    """Time of the processor that a process and what it has started have used, in ticks."""
    used = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = place.read_text().rpartition(")")[2].split()
            if int(fields[2]) == leader:
                used += sum(map(int, fields[11:15]))
    return used


def _end_in_words(code: int) -> str:
    """What stands in place of a test that fails: the process has ended, or did not come to an end."""
    if code == -signal.SIGKILL:
        return "stands still"
    return "time" if code in (-signal.SIGPROF, -signal.SIGXCPU) else f"ended with {code}"


def _end_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
