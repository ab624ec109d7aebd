"""Cell lines that users write: chains of files, what is found for them, and every mistake where it stands."""

import math
from pathlib import Path

import numpy as np
import pytest

from pathway import parameters
from pathway.cli import BAD_INPUT, DONE, main
from pathway.equations import network_model
from pathway.network import circuit
from pathway.parameters import ParameterError, anchors_solved_in_line, cell_line, cell_line_file
from pathway.parameters.write import cell_line_template
from pathway.scenario import ScenarioError, read_scenario
from pathway.scenario.built_in import built_in_laboratory, cell_line_values, circuit_model, open_cell_line
from pathway.scenario.sampled_cell_lines import SampledCellLines, parameter_sets_from_ranges
from pathway.simulation import simulate
from pathway.simulation.formulas import value_at_rest
from tests.references.scipy_simulation import steady_state

HOURS = cell_line("skbr3").values["doubling_time"]
HER2 = cell_line("skbr3").values["HER2_level"]
EXTRA = cell_line("skbr3_resistant").values["miR21_extra_transcription"]
ANCHORED = [anchor.parameter for anchor in parameters.anchors()]
RECEPTORS = ("HER2_level", "EGFR_level", "HER3_level")
RESISTANT = f'line.parent = "./mine.toml"\nline.title = "Mine, resistant"\nmiR21_extra_transcription = "{EXTRA!r}"\n'


def numbers(line, *names):
    """Tables with numbers of a line as a user copies them."""
    entries = [line.entries[name] for name in names]
    return "".join(
        f'[{e.name}]\nvalue = {e.value!r}\nunit = "{e.unit}"\nsource = "own"\nconfidence = "measured"\n'
        for e in entries
    )


def written(folder, text, name="mine.toml"):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def drawn_cells(seed, draw):
    """The cell lines at one draw from their ranges."""
    return SampledCellLines(built_in_laboratory(), parameter_sets_from_ranges(circuit_model(), seed, [draw]))


def untreated(values):
    """Hours in which untreated cells double, and their PTEN, from a rest found by SciPy."""
    model = network_model("line", circuit(), dict(zip(circuit_model().parameters, values, strict=True)))
    state = np.array(steady_state(model))
    growth, pten = (value_at_rest(model, name, values, state) for name in ("growth_rate", "PTEN"))
    return math.log(2.0) / growth, pten


@pytest.mark.parametrize("name", parameters.cell_lines())
def test_a_line_written_by_new_is_the_line_it_starts_from(tmp_path, name):
    """Every number and every range, also where what follows is found anew."""
    line = cell_line(name)
    file = written(tmp_path, cell_line_template(line, f"{name}.toml", ANCHORED), f"{name}.toml")
    own = open_cell_line(str(file))
    assert {n: e.value for n, e in own.entries.items()} == pytest.approx(line.values, rel=1e-11, abs=0.0)
    assert anchors_solved_in_line(own) == anchors_solved_in_line(line)
    for n, entry in line.entries.items():
        assert own.entries[n].range == pytest.approx(entry.range, rel=1e-11)
        assert own.entries[n].confidence == entry.confidence
    assert all(len(row) <= 120 or row.startswith("note") for row in file.read_text().splitlines())


@pytest.mark.parametrize("name", [n for n in parameters.cell_lines() if cell_line(n).parent is None])
def test_receptors_and_doubling_time_alone_give_the_line(tmp_path, name):
    line = cell_line(name)
    kept = [n for n in line.own if n not in ANCHORED or line.values[n] == 0.0]
    text = numbers(line, *kept).replace("[PTEN_synthesis_scale]\n", "[PTEN_synthesis_scale]\nrange = [0, 0]\n")
    own = cell_line_values(str(written(tmp_path, '[line]\ntitle = "Mine"\n' + text)))
    assert own == pytest.approx(cell_line_values(name), rel=1e-11, abs=0.0)


@pytest.mark.parametrize("hours", [24.0, 60.0, 100.0])
def test_a_doubling_time_of_ones_own_is_that_of_untreated_cells(tmp_path, hours):
    """In a parental line, and in a line with a parent, whose PTEN is still counted in its parent's."""
    time = f'[doubling_time]\nvalue = {hours / 24.0!r}\nunit = "d"\nsource = "own"\nconfidence = "measured"\n'
    parental = written(tmp_path, '[line]\ntitle = "Mine"\n' + numbers(cell_line("bt474"), *RECEPTORS) + time)
    child = written(tmp_path, '[line]\nparent = "bt474_resistant"\n' + time, "child.toml")
    for file, pten in ((parental, 1.0), (child, None)):
        values = cell_line_values(str(file))
        doubles, found = untreated(values)
        assert doubles == pytest.approx(hours, rel=1e-6)
        assert found == pytest.approx(pten, rel=1e-6) if pten else 0.2 < found < 0.9
        model = circuit_model()
        course = simulate(model, [0.0, hours], parameters=values, initial=np.array(built_state(model, values)))
        assert course["cell_number"][-1] / course["cell_number"][0] == pytest.approx(2.0, rel=1e-5)
    scale = circuit_model().parameter_index("PTEN_synthesis_scale")
    assert cell_line_values(str(child))[scale] == cell_line_values("bt474")[scale]


def built_state(model, values):
    from pathway.simulation import steady_state as rest

    return rest(model, values)


def check_random_line(tmp_path, seed):
    """Any receptors, mutations and doubling time: untreated cells double in it, and their PTEN is 1."""
    rng = np.random.default_rng(seed)
    hours = float(rng.uniform(20.0, 120.0))
    text = f'doubling_time = "{hours!r} h"\nline.title = "random"\n'
    for name in RECEPTORS:
        low, high = parameters.reference_entries()[name].range
        text += (
            f'{name} = "{float(np.exp(rng.uniform(np.log(low), np.log(high)))) * (rng.random() > 0.2)!r} molecules"\n'
        )
    if rng.random() < 0.4:
        text += 'PIK3CA_mutant = "0.5"\n'
    values = cell_line_values(str(written(tmp_path, text)))
    assert untreated(values) == (pytest.approx(hours, rel=1e-6), pytest.approx(1.0, rel=1e-6))


@pytest.mark.parametrize("seed", range(3))
def test_random_lines_are_what_they_state(tmp_path, seed):
    check_random_line(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_many_random_lines_are_what_they_state(tmp_path, seed):
    check_random_line(tmp_path, 1000 + seed)


def test_a_file_may_build_on_a_file_from_where_it_lies(tmp_path):
    """Four generations in three folders; paths are meant from the file that names them."""
    receptors = numbers(cell_line("skbr3"), *RECEPTORS, "doubling_time")
    written(tmp_path, '[line]\ntitle = "Mine"\n' + receptors, "lines/mine.toml")
    written(tmp_path, RESISTANT, "lines/resistant.toml")
    written(tmp_path, 'line.parent = "../lines/resistant.toml"\nHER2_level = "0.5 x"\n', "more/low.toml")
    last = written(tmp_path, 'line.parent = "more/low.toml"\nHER2_level = "0.5 x"\nEGFR_level = "2e4 molecules"\n')
    line = open_cell_line("mine.toml", tmp_path)
    assert cell_line_values("lines/resistant.toml", tmp_path) == pytest.approx(
        cell_line_values("skbr3_resistant"), rel=1e-11
    )
    assert (line.values["HER2_level"], line.values["EGFR_level"]) == (pytest.approx(HER2 / 4.0), 2e4)
    assert line.values["miR21_extra_transcription"] == EXTRA
    assert line.values["mu_max"] == cell_line("skbr3").values["mu_max"]
    assert [file.name for file in line.files] == ["mine.toml", "low.toml", "resistant.toml", "mine.toml"]
    assert Path(line.parent) == tmp_path / "more" / "low.toml" and line.title == last.stem


def test_receptors_below_detection(tmp_path):
    for lost in (("HER3_level",), ("EGFR_level", "HER3_level"), RECEPTORS):
        kept = [n for n in RECEPTORS if n not in lost]
        text = "".join(f'{name} = "0 molecules"\n' for name in lost)
        text += '[line]\ntitle = "Mine"\n' + numbers(cell_line("skbr3"), *kept, "doubling_time")
        line = open_cell_line(str(written(tmp_path, text)))
        assert [line.entries[name].range for name in lost] == [(0.0, 0.0)] * len(lost)
        doubles, pten = untreated(cell_line_values(str(tmp_path / "mine.toml")))
        assert (doubles, pten) == (pytest.approx(HOURS, rel=1e-6), pytest.approx(1.0, rel=1e-6))


def test_a_number_of_the_files_own_stands_over_an_anchor(tmp_path):
    """A gene that is lost stays lost in draws of a line that builds on another; half of PTEN is half of PTEN."""
    lost = '[PTEN_synthesis_scale]\nvalue = 0\nrange = [0, 0]\nunit = "1"\nsource = "own"\nconfidence = "measured"\n'
    child = str(written(tmp_path, '[line]\nparent = "skbr3"\n' + lost, "lost.toml"))
    place = circuit_model().parameter_index("PTEN_synthesis_scale")
    assert cell_line_values(child)[place] == 0.0
    assert drawn_cells(1, 0).line(child, tmp_path).parameters[0, place] == 0.0
    half = '[line]\ntitle = "Mine"\n' + numbers(cell_line("skbr3"), *RECEPTORS, "doubling_time")
    scale = cell_line("skbr3").values["PTEN_synthesis_scale"]
    half += numbers(cell_line("skbr3"), "PTEN_synthesis_scale").replace(repr(scale), repr(scale / 2.0))
    doubles, pten = untreated(cell_line_values(str(written(tmp_path, half))))
    assert doubles == pytest.approx(HOURS, rel=1e-6) and 0.4 < pten < 0.6


def test_draws_of_a_line_with_a_doubling_time_of_its_own_double_at_it(tmp_path):
    time = '[line]\nparent = "skbr3"\n[doubling_time]\nvalue = 100\nrange = ["1 x", "1 x"]\nunit = "h"\n'
    file = str(written(tmp_path, time + 'source = "own"\nconfidence = "measured"\n'))
    drawn = drawn_cells(1, 3)
    doubles, _ = untreated(drawn.line(file, tmp_path).parameters[0])
    assert doubles == pytest.approx(100.0, rel=1e-6)
    both = [drawn.line(name, tmp_path).parameters[0] for name in (file, "skbr3")]
    place = circuit_model().parameter_index("PTEN_synthesis_scale")
    assert both[0][place] == both[1][place]


GOOD = '[line]\ntitle = "Mine"\nparent = "skbr3"\n' + numbers(cell_line("skbr3"), "HER2_level", "doubling_time")
MISTAKES = [
    (f"value = {HOURS!r}", "valeu = 37.4", r"10: 'doubling_time': no key is called 'valeu'. Did you mean 'value'"),
    ("[doubling_time]", "[doubling_tim]", r"9: no parameter is called 'doubling_tim'. Did you mean"),
    ('unit = "h"', 'unit = "nM"', r"11: 'doubling_time': .*"),
    ('unit = "molecules"', 'unit = "moleculs"', r"6: 'HER2_level': .*"),
    (f"value = {HER2!r}", "value = -5", r"5: 'HER2_level': -5 molecules is outside its range 0 to 1e\+07"),
    (f"value = {HER2!r}", "value = 1e308", r"5: 'HER2_level': value is 1e\+308, but should be a finite number"),
    (f"value = {HOURS!r}", "value = 0", r"10: 'doubling_time': 0 h is outside its range 20 to 120 h; a line may"),
    (f"value = {HOURS!r}", 'value = 37.4\nrange = ["2 x", "0.5 y"]', r"11: 'doubling_time': range is .*lower one"),
    ('parent = "skbr3"', "parent = 1e308", r"3: \[line\] parent is 1e\+308, but should be a text"),
    ('parent = "skbr3"', 'parent = "skbr"', r"3: no cell line is called 'skbr'. Did you mean 'skbr3'"),
    ('parent = "skbr3"', 'parent = "./none.toml"', r"3: there is no cell line file './none.toml' beside this"),
    ('parent = "skbr3"', 'parent = "mine.toml"', r"3: this line is its own parent: mine.toml -> mine.toml"),
    ('parent = "skbr3"', 'prent = "skbr3"', r"3: \[line\] has no key 'prent'. Did you mean 'parent'"),
    ('title = "Mine"', 'title = "Mine', r" not a TOML file: .*line 2"),
    ("[line]\n", 'HER3_level = "5e4"\n[line]\n', r"1: 'HER3_level': '5e4' has no unit; expected for example"),
    ("[line]\n", 'HER3_level = "5e4 nM"\n[line]\n', r"1: 'HER3_level': .*nM"),
    ("[line]\n", 'miR221_extra = "3 x"\n[line]\n', r"1: 'miR221_extra': '3 x' is a multiple of 0"),
    ("[line]\n", 'HER3_level = 5e4\n[line]\n', r"1: 'HER3_level' must be a table with value"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "instead", "said"), MISTAKES)
def test_every_mistake_is_one_line_where_it_stands(tmp_path, monkeypatch, capsys, found, instead, said):
    """Told by the reader, by `check` of the file, and by `check` and `run` of a scenario that names it."""
    assert found in GOOD
    said = f"mine.toml:{said}"
    file = written(tmp_path, GOOD.replace(found, instead, 1))
    with pytest.raises(ParameterError, match=f"^{said}") as caught:
        open_cell_line(str(file))
    assert len(str(caught.value).splitlines()) == 1
    scenario = 'title = "t"\ncells = "./mine.toml"\n[time]\nend = "24 h"\n[[arm]]\nname = "a"\n[[arm]]\nname = "b"\n'
    written(tmp_path, scenario, "s.toml")
    with pytest.raises(ScenarioError, match=rf"s.toml:2: {said}") as told:
        read_scenario(tmp_path / "s.toml")
    assert len(told.value.mistakes) == 1
    monkeypatch.chdir(tmp_path)
    assert main(["check", "mine.toml"]) == BAD_INPUT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_loop_over_several_files_and_mistakes_of_a_parent_are_told(tmp_path):
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        written(tmp_path, f'[line]\nparent = "./{parent}.toml"\n', f"{name}.toml")
    with pytest.raises(ParameterError, match=r"c.toml:2: this line is its own parent: a.toml -> b.toml -> c.toml -> a"):
        cell_line_file(tmp_path / "a.toml")
    written(tmp_path, GOOD.replace(f"value = {HOURS!r}", "value = 3740"))
    with pytest.raises(ParameterError, match=r"^mine.toml:10: 'doubling_time': 3740 h is outside its range"):
        cell_line_file(written(tmp_path, RESISTANT, "resistant.toml"))


def test_numbers_that_contradict_each_other_or_give_no_cells_are_refused(tmp_path):
    line = cell_line("skbr3")
    both = '[line]\ntitle = "Mine"\n' + numbers(line, *RECEPTORS, "doubling_time", "mu_max")
    contradiction = written(tmp_path, both.replace(repr(HOURS), "100"))
    with pytest.raises(
        ParameterError, match=r"^mine.toml:23: 'mu_max' gives division_rate .* 'doubling_time' asks for"
    ):
        open_cell_line(str(contradiction))
    # As long as both say the same, the number of the file stands.
    assert cell_line_values(str(written(tmp_path, both))) == pytest.approx(cell_line_values("skbr3"), rel=1e-11)
    slow = both.partition("[mu_max]")[0] + numbers(line, "k_death").replace(
        "[k_death]", "[k_death]\nrange = [0, 1e200]"
    )
    slow = slow.replace(f"value = {line.values['k_death']!r}", "value = 1e150")
    with pytest.raises(ParameterError, match=r"^mine.toml:3: no untreated cells with these numbers: "):
        open_cell_line(str(written(tmp_path, slow)))


def test_new_writes_lines_and_check_shows_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "mine.toml", "--cells", "skbr3"]) == DONE
    assert main(["new", "sub/child.toml", "--cells", "./mine.toml"]) == DONE
    assert 'parent = "./../mine.toml"' in Path("sub/child.toml").read_text()
    capsys.readouterr()
    assert main(["check", "mine.toml", "sub/child.toml"]) == DONE
    told = capsys.readouterr().out
    assert f"Untreated cells double in {HOURS:g} h." in told and "no numbers of its own" in told
    assert [line.split()[-1] for line in told.splitlines() if line.split()[:1] == ["mu_max"]] == ["found"]
    assert main(["new", "mine.toml", "--cells", "skbr3"]) == BAD_INPUT
    assert main(["new", "other.toml", "--cells", "skbr"]) == BAD_INPUT
    assert main(["new", "other.toml", "--cells", "skbr3", "--from", "pten_knock_down"]) == BAD_INPUT
    told = capsys.readouterr().err
    assert "exists already" in told and "Did you mean 'skbr3'" in told and "choose one" in told
    text = Path("mine.toml").read_text()
    Path("mine.toml").write_text(text.replace(f"value = {HOURS:.12g}", "value = 100"))
    assert main(["check", "mine.toml"]) == DONE
    assert "Untreated cells double in 100 h." in capsys.readouterr().out
