"""Work in pieces: the same whoever does it, and what lies on disk is not done again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from pathway.errors import InputError
from pathway.simulation.pieces import PieceRunner

ITEMS = [np.array([float(k), 1.0]) for k in range(7)]
DONE = []


def doubled(factor, item):
    DONE.append(item[0])
    return {"doubled": factor * item, "first": item[:1]}


@dataclass(frozen=True)
class Setting:
    word: str
    numbers: np.ndarray


def runner(tmp_path, word="this", **words):
    return PieceRunner(1, parts=tmp_path / "out.parts", identity={"of": word}, **words)


def answers(runner, of=(), items=ITEMS, factor=2.0):
    """What the pieces come to, and which of them were worked out."""
    DONE.clear()
    parts = list(runner.kept("piece", partial(doubled, factor), items, of))
    return [part["doubled"].tolist() for part in parts], sorted(DONE)


@pytest.fixture
def whole(tmp_path):
    found, done = answers(runner(tmp_path))
    assert found == [[2.0 * k, 2.0] for k in range(7)] and done == list(range(7))
    return found


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_pieces_come_in_their_order_for_any_number_of_threads(workers):
    assert list(PieceRunner(workers).map(sum, ITEMS)) == [1.0 + k for k in range(7)]


def test_an_executor_is_given_what_can_be_pickled_once_for_all_pieces():
    with ThreadPoolExecutor(2) as pool:
        found = list(PieceRunner(executor=pool).map(partial(doubled, 3.0), ITEMS))
        assert [part["doubled"].tolist() for part in found] == [[3.0 * k, 3.0] for k in range(7)]
        with pytest.raises(AttributeError, match="local"):
            list(PieceRunner(executor=pool).map(lambda item: item, ITEMS))


def test_what_one_piece_raises_is_raised_in_its_place():
    def upset(item):
        if item[0] == 3.0:
            raise InputError("no threes")
        return item[0]

    found = PieceRunner(2).map(upset, ITEMS)
    assert [next(found) for _ in range(3)] == [0.0, 1.0, 2.0]
    with pytest.raises(InputError, match="no threes"):
        next(found)


def test_pieces_on_disk_are_not_worked_out_again(tmp_path, whole):
    assert answers(runner(tmp_path)) == (whole, [])
    (tmp_path / "out.parts" / "piece-002.npz").unlink()
    broken = tmp_path / "out.parts" / "piece-004.npz"
    broken.write_bytes(broken.read_bytes()[:-30])
    assert answers(runner(tmp_path)) == (whole, [2.0, 4.0])


def test_work_that_stopped_goes_on_behind_its_last_piece(tmp_path):
    DONE.clear()
    parts = runner(tmp_path).kept("piece", partial(doubled, 2.0), ITEMS)
    assert [next(parts)["first"][0] for _ in range(3)] == [0.0, 1.0, 2.0]
    parts.close()
    found, done = answers(runner(tmp_path))
    assert found == [[2.0 * k, 2.0] for k in range(7)] and done == [3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    "other",
    [
        {"items": [*ITEMS[:6], np.array([6.0, 1.0 + 2e-16])]},
        {"items": [*ITEMS[:6], np.array([6.0])]},
        {"of": "another word"},
        {"of": Setting("a", np.array([1.0]))},
    ],
    ids=["a digit", "a number less", "a word", "a record"],
)
def test_pieces_of_other_numbers_are_worked_out_anew(other, tmp_path, whole):
    found, done = answers(runner(tmp_path), **other)
    assert 6.0 in done and len(found) == 7
    assert answers(runner(tmp_path), **other) == (found, [])


def test_records_are_told_apart_by_every_field(tmp_path):
    settings = [Setting("a", np.array([1.0])), Setting("b", np.array([1.0])), Setting("a", np.array([1.5]))]
    for setting in settings:
        assert len(answers(runner(tmp_path), of=setting)[1]) == 7
        assert answers(runner(tmp_path), of=setting)[1] == []


def test_other_work_takes_the_folder_and_leaves_what_is_not_ours(tmp_path, whole):
    (tmp_path / "out.parts" / "letter.txt").write_text("dear")
    assert len(answers(runner(tmp_path, "that"))[1]) == 7
    runner(tmp_path, "that").clear()
    assert [p.name for p in (tmp_path / "out.parts").iterdir()] == ["letter.txt"]


def test_when_the_result_is_written_the_folder_goes(tmp_path, whole):
    (tmp_path / "out.parts" / ".piece-003.npz.4711").write_text("left by a kill")
    runner(tmp_path).clear()
    assert list(tmp_path.iterdir()) == []
    runner(tmp_path).clear()


def test_one_piece_begins_no_folder(tmp_path):
    assert answers(runner(tmp_path), items=ITEMS[:1]) == ([[0.0, 2.0]], [0.0])
    assert list(tmp_path.iterdir()) == []
