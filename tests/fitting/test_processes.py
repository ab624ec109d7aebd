"""Workers never import the program that asks for them: no main guard, no file, no main thread is needed."""

import atexit
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import as_completed
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from pathway.cli import NUMERICAL_FAILURE, _explain
from pathway.fitting.objective import Objective
from pathway.fitting.problem import ProblemError
from pathway.fitting.search import multi_start
from pathway.fitting.search.multi_start import fit
from pathway.fitting.search.processes import WorkerError, is_quick, process_count, process_pool
from pathway.fitting.uncertainty.profiles import profile
from tests.fitting.test_search import decay

ROOT = Path(__file__).parents[2]
SCRIPT = """
import numpy as np
import pathway
from pathway.equations import Model
from pathway.expressions import parse
from pathway.simulation.protocol import Experiment, Period
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem

model = Model(
    name="decay",
    species=("x",),
    parameters=("k",),
    parameter_values=np.array([0.7]),
    initial={"x": parse("2")},
    rate_rules={"x": parse("-k * x")},
)
problem = Problem(
    name="decay",
    model=model,
    parameters=(Parameter("k", 0.7, 1e-2, 1e2, "log10"),),
    experiments=(Experiment("only", (Period(0.0),)),),
    observables=(Observable("seen", parse("x"), parse("0.05")),),
    measurements=tuple(Measurement("seen", "only", t, 2.0 * 0.5**t + 0.05 * (t % 3 - 1)) for t in range(6)),
)
fit = pathway.fit(problem, starts=4, workers=2)
"""
PRINTED = SCRIPT + "print([(s.objective.hex(), s.x.tobytes().hex()) for s in fit.starts])\n"


@pytest.fixture(scope="module")
def expected():
    """What the script prints with one worker, worked out here."""
    space = {}
    exec(SCRIPT.replace("workers=2", "workers=1"), space)
    return str([(s.objective.hex(), s.x.tobytes().hex()) for s in space["fit"].starts])


def run(*command, text=None, **options):
    """A program of its own, which must come to its end soon."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        **options,
    )


def test_a_script_needs_no_main_guard(expected, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(PRINTED, encoding="utf-8")
    ended = run(str(script))
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == (expected, "", 0)


def test_from_standard_input(expected):
    ended = run("-", text=PRINTED)
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == (expected, "", 0)


def test_from_the_command_line(expected):
    ended = run("-c", PRINTED)
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == (expected, "", 0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook machinery, not ours
@pytest.mark.filterwarnings("ignore::RuntimeWarning:zmq")
def test_in_a_notebook(expected, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PRINTED)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    printed = "".join(o["text"] for o in notebook.cells[0].outputs if o.get("name") == "stdout")
    assert printed.strip() == expected


@pytest.mark.parametrize("joined", ["thread.join()", ""])
def test_in_a_thread_also_when_the_main_one_has_ended(expected, joined):
    program = f"import threading\nthread = threading.Thread(target=exec, args=({PRINTED!r}, {{}}))\nthread.start()\n"
    ended = run("-", text=program + joined)
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == (expected, "", 0)


def test_an_ensemble_when_the_main_thread_has_ended():
    program = "import pathway\nmodel = pathway.load('bt474')\nmany = [model.parameter_values] * 40\n"
    program += "print(len(pathway.simulate_ensemble(model, [0.0, 1.0], many, workers=2).values))\n"
    ended = run("-", text=f"import threading\nthreading.Thread(target=exec, args=({program!r}, {{}})).start()\n")
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == ("40", "", 0)


def test_draws_and_profiles_in_the_same_way(expected):
    program = SCRIPT + (
        "from pathway.fitting.objective import Objective\n"
        "from pathway.fitting.uncertainty.profiles import profile\n"
        "from pathway.fitting.uncertainty.sampling import sample\n"
        "objective, x = Objective(problem), fit.best.x\n"
        "drawn = [sample(objective, x, 60, tune=60, chains=2, workers=n).x.tobytes() for n in (1, 2)]\n"
        "limits = [profile(objective, x, workers=n)['k'].values.tobytes() for n in (1, 2)]\n"
        "print(drawn[0] == drawn[1], limits[0] == limits[1])\n"
    )
    ended = run("-", text=program)
    assert (ended.stdout.strip(), ended.stderr, ended.returncode) == ("True True", "", 0)


def test_what_the_main_program_defines_is_refused_by_name_or_stays_in_this_process():
    own = "class OwnProblem(Problem):\n    pass\n\nproblem = OwnProblem("
    refused = run("-", text=PRINTED.replace("problem = Problem(", own))
    last = refused.stderr.strip().splitlines()[-1]
    assert "'OwnProblem' is defined in the main program: move it into a module" in last and refused.returncode == 1
    default = PRINTED.replace("problem = Problem(", own).replace("workers=2", "workers=None")
    assert run("-", text=default).returncode == 0


def square(x):
    return x * x


def fails(text):
    raise ProblemError([text, "second line"])


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


def chatty(x):
    print("not an answer")
    input_was_empty = not sys.stdin.read()
    return x if input_was_empty else None


def where(_):
    time.sleep(0.2)
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


def test_tasks_are_spread_over_workers_of_one_thread_each(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with process_pool(2) as pool:
        found = list(pool.map(where, range(6)))
        assert list(pool.map(square, range(20))) == [x * x for x in range(20)]
    assert len({pid for pid, _ in found}) == 2 and {threads for _, threads in found} == {"1"}
    assert "OMP_NUM_THREADS" not in os.environ


def test_a_task_may_print_and_read(capfd):
    with process_pool(1) as pool:
        assert pool.submit(chatty, 3).result() == 3
    assert capfd.readouterr().out == ""


def test_what_a_task_has_put_off_until_the_end_is_done(tmp_path):
    with process_pool(1) as pool:
        pool.submit(atexit.register, (tmp_path / "cleared").touch).result()
    assert (tmp_path / "cleared").exists()


def test_what_a_task_raises_arrives_as_it_was():
    with pytest.raises(ProblemError) as caught, process_pool(1) as pool:
        pool.submit(fails, "first line").result()
    assert caught.value.mistakes == ("first line", "second line") and str(caught.value) == "first line\nsecond line"


def test_a_worker_that_dies_is_one_line(capsys):
    with pytest.raises(WorkerError, match="was killed by SIGKILL before it had answered") as caught:
        with process_pool(2) as pool:
            futures = [pool.submit(time.sleep, 60.0), pool.submit(dies)]
            for future in as_completed(futures):
                future.result()
    assert _explain(caught.value, []) == NUMERICAL_FAILURE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_lambdas_and_local_functions_are_refused():
    with process_pool(1) as pool:
        with pytest.raises(ProblemError, match=r"lambda.*workers=1"):
            pool.submit(lambda: 1)
    assert process_count(None, 5, lambda: 1) == 1 and process_count(None, 1) == 1 and process_count(3, 1) == 3


ENDED = """
import os, sys, time
sys.path.insert(0, {tests!r})
from test_processes import endless
from pathway.fitting.search.processes import process_pool
with process_pool(2) as pool:
    for future in [pool.submit(endless, {folder!r}) for _ in range(2)]:
        future.result()
"""


def endless(folder):
    Path(folder, str(os.getpid())).touch()
    while True:
        sum(range(1000))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").is_dir() else True


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_wants_them(tmp_path, number):
    program = ENDED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60.0
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=30)
    workers = [int(p.name) for p in tmp_path.iterdir()]
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(workers) == 2 and not any(map(alive, workers))


def test_what_is_quicker_than_a_process_begins_stays_in_this_one(monkeypatch):
    """A thousandth of a second for each gradient: a hundred of them are quick, a hundred thousand are not."""
    spent = iter(np.arange(0.0, 1.0, 1e-3))
    monkeypatch.setattr("time.process_time", lambda: next(spent))
    objective, x = SimpleNamespace(slope=lambda x: None), np.zeros(2)
    assert is_quick(objective, x, 100)
    assert not is_quick(objective, x, 100_000)


def test_a_search_begins_here_and_goes_on_in_processes_once_it_is_worth_them(monkeypatch):
    alone, here = fit(decay(), 4, 1, workers=1), []
    spent = chain([0.0, 0.0], repeat(multi_start.BEGINNING))
    clock = SimpleNamespace(process_time=lambda: next(spent), monotonic=time.monotonic)
    monkeypatch.setattr(multi_start, "time", clock)
    monkeypatch.setattr("pathway.fitting.search.processes.os.cpu_count", lambda: 2)
    run = multi_start.run_start
    monkeypatch.setattr("pathway.fitting.search.multi_start.run_start", lambda *a: here.append(a[2]) or run(*a))
    spread = fit(decay(), 4, 1)
    assert here == [0]
    assert [s.objective.hex() for s in spread.starts] == [s.objective.hex() for s in alone.starts]


def test_a_quick_search_begins_no_process(monkeypatch):
    def begun(*arguments):
        raise AssertionError("a process was begun")

    monkeypatch.setattr("pathway.fitting.search.multi_start.process_pool", begun)
    monkeypatch.setattr("pathway.fitting.uncertainty.profiles.process_pool", begun)
    problem = decay()
    result = fit(problem, 2, 1)
    assert len(profile(Objective(problem), result.best.x, workers=None)) == 2
