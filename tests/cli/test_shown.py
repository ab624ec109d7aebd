"""What a terminal is given: words of files that others wrote are shown, never obeyed."""

from dataclasses import replace
from pathlib import Path

import pytest

from pathway import load
from pathway.cli import BAD_INPUT, DONE, main
from pathway.formats.equations_text import latex_text
from tests.cli.test_surroundings import BARE

EVIL = "\x1b]0;renamed\x07\x1b[2J\u202ebackwards\r"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = "".join(f"\\u{ord(mark):04x}" for mark in EVIL)
    changed = BARE.replace("Trastuzumab in", f"{written} in").replace('"trastuzumab"\ndoses', f'"{written}"\ndoses')
    Path("evil.toml").write_text(changed.replace('source = "Gong2011"', f'source = "{written}"'), encoding="utf-8")
    assert written in Path("evil.toml").read_text()
    return tmp_path


def shown(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert not set(EVIL) & set(out + err) - set("renamed2backwards[];0J")
    return code, out + err


@pytest.mark.parametrize(
    "command", [("check",), ("run", "--out", "out"), ("cite",), ("cite", "--bibtex"), ("run", "--json", "--out", "out")]
)
def test_names_of_a_scenario_give_no_commands_to_the_terminal(command, here, capsys):
    code, text = shown(capsys, command[0], "evil.toml", *command[1:])
    assert code == DONE and "backwards" in text


def test_a_mistake_is_quoted_with_the_numbers_of_its_signs(here, capsys):
    Path("wrong.toml").write_text(BARE.replace('"PTEN"', r'"PTEN\u001b[2J"'), encoding="utf-8")
    code, text = shown(capsys, "check", "wrong.toml")
    assert code == BAD_INPUT and r"\u001b[2J" in text


def test_words_of_a_model_are_no_commands_of_latex(here):
    Path("evil.ant").write_text("model evil\n A -> B; k*A; k = 1; A = 1; B = 0\nend\n", encoding="utf-8")
    named = replace(load("evil.ant"), name=r"\input{/etc/passwd} 5$ {")
    assert r"\section*{\textbackslash{}input\{/etc/passwd\} 5\$ \{}" in latex_text(named)


def test_a_source_in_the_words_of_a_user_is_one_entry_of_bibtex(here, capsys):
    words = r"Smith & Doe 2020, see \\input{x} and 50 %"
    Path("mine.toml").write_text(BARE.replace("Gong2011", words), encoding="utf-8")
    capsys.readouterr()
    assert main(["cite", "mine.toml", "--bibtex"]) == DONE
    entry = next(e for e in capsys.readouterr().out.split("\n\n") if "Smith" in e)
    assert entry.startswith("@article{Smith_Doe_2020_see_input_x_and_50_,")
    assert r"title = {Smith \& Doe 2020, see \textbackslash{}input\{x\} and 50 \%}," in entry
