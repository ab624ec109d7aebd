"""Help that can be typed after: examples, defaults, groups, completion."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command

from pathway.cli import DONE, application, main
from pathway.cli.examples import EXAMPLES
from pathway.notebook import tell, telling
from pathway.parameters import sources

COMMANDS = get_command(application()).commands


def test_every_command_has_examples_and_no_other():
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize("example", [example for examples in EXAMPLES.values() for example in examples])
def test_an_example_is_a_command_that_can_be_typed(example):
    """Its options exist, with values of the right kind."""
    program, name, *words = shlex.split(example)
    assert program == "pathway"
    COMMANDS[name].make_context(name, words)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_tells_its_default(name):
    for option in COMMANDS[name].params:
        told = option.default not in (None, "", [], ()) or "default" in (option.help or "")
        assert told or option.required, option.opts


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_ends_with_its_examples(name, capsys):
    assert main([name, "--help"]) == DONE
    shown = capsys.readouterr().out
    assert all(example in shown for example in EXAMPLES[name])


def test_the_first_page_shows_all_commands_in_groups(capsys):
    assert main(["--help"]) == DONE
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert [line for line in shown.splitlines() if line in ("Experiments:", "Analyze:", "Results:", "Model:", "Fit:")]


def test_a_shell_completes_commands_and_scenarios(tmp_path):
    def completed(words, position):
        environment = {**os.environ, "_PATHWAY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": position}
        call = [sys.executable, "-c", "from pathway.cli import main; main()"]
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        found = subprocess.run(call, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
        return found.stdout.split()

    assert completed("pathway dose", "1") == ["dose-response"]
    (tmp_path / "antimine.toml").write_text("")
    assert {"antimir21_resensitises", "antimine.toml"} <= set(completed("pathway run anti", "2"))


def test_what_takes_long_once_is_told_where_somebody_listens(capsys):
    heard = []
    with telling(heard.append):
        tell("compiling")
    tell("again")
    assert heard == ["compiling"] and capsys.readouterr() == ("", "")


def test_every_source_behind_a_scenario_is_cited(capsys):
    """Of question, findings, agents and of the numbers of its cell lines; as BibTeX with the DOI where one is known."""
    assert main(["cite", "antimir21_resensitises", "--json"]) == DONE
    cited = {source["key"]: source for source in json.loads(capsys.readouterr().out)["sources"]}
    assert "question" in cited["Gong2011"]["behind"] and "numbers" in cited["Selbach2008"]["behind"]
    assert cited["Guo2010"]["doi"] == "10.1038/nature09267"
    assert cited["Guo2010"]["authors"] == "Guo H, Ingolia NT, Weissman JS, Bartel DP"
    assert cited["Gong2011"]["authors"] == "Gong et al." and cited["Capivasertib2012"]["authors"] == ""
    assert main(["cite", "antimir21_resensitises", "--bibtex"]) == DONE
    text = capsys.readouterr().out
    assert text.count("@") == 1 + len(cited) and "author = {Gong and others}" in text
    assert "author = {Guo, H. and Ingolia, N. T. and Weissman, J. S. and Bartel, D. P.}" in text
    assert text.splitlines()[-1].startswith("% 'and others': only the first author could be checked")


def test_author_lists_of_sources_can_be_taken_apart():
    """A name and capital initials each, or one body in braces: so that no BibTeX is wrong."""
    for source in sources().values():
        for person in source.authors.split(", ") if source.authors and source.authors[0] != "{" else ():
            assert re.fullmatch(r"[^\d{}]+ [A-ZÅ]{1,3}", person), (source.key, person)
