"""Pages show what was run, and leave nothing unsaid."""

import re
import shlex
from types import SimpleNamespace

import pytest

from docs import lessons, main_experiment, readme, record, scenario_runs, stage
from docs.blocks import HERE, OUTPUTS, ROOT, PageError, blocks_of, commands_of, with_outputs
from docs.same import difference
from docs.writers import circuit, commands, folders, scenario_file
from docs.writers.findings import by_finding, findings
from pathway import cli, parameters
from pathway.scenario import schema

PAGES = record.pages()
MOST_BYTES = 3_500_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HERE)))
def test_what_a_page_shows_was_run(page):
    text = page.read_text(encoding="utf-8")
    assert len(list(with_outputs(page, text))) == len(blocks_of(text))


def test_a_page_that_was_not_run_says_so(tmp_path):
    page = HERE / "howto" / "no_such_page_yet.md"
    text = "# Title\n\n```{run}\npathway check mine.toml\n```\n"
    assert [output for _, output in with_outputs(page, text)] == [{}]
    staged = stage.text_with_outputs(text, page, "howto/no_such_page_yet.md")
    assert "not been recorded" in staged and "```sh\npathway check mine.toml\n```" in staged


def test_a_changed_command_is_noticed(tmp_path):
    page = HERE / "howto" / "washes.md"
    text = page.read_text(encoding="utf-8").replace("pathway check pulses.toml", "pathway check pulse.toml")
    with pytest.raises(PageError, match=r"washes.md:\d+: this {run} is not what was run"):
        list(with_outputs(page, text))


@pytest.mark.parametrize("name", scenario_runs.recorded())
def test_every_scenario_was_run_as_it_ships(name):
    assert scenario_runs.recorded_run(name)["arms"]


@pytest.mark.parametrize("name", lessons.names())
def test_every_lesson_was_run_as_it_is(name):
    code = [cell for cell in lessons.cells_of(name) if cell["kind"] == "code"]
    assert len(lessons.recorded_cells(name)) in (0, len(code))


def test_outputs_are_small_and_belong_to_something():
    files = [file for file in OUTPUTS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    stems = [re.sub(r"(-\d+)+$|\.card$", "", file.stem) for file in files]
    known = {*record.everything(), *(name.removesuffix(".md").replace("/", "--") for name in record.everything())}
    assert set(stems) <= known


def test_the_source_of_the_site_is_whole(tmp_path):
    """Links between pages lead somewhere, numbers are known, every page is in a list of contents."""
    documents = stage.stage(tmp_path)
    assert len(documents) > 80
    listed = {"index"}
    for document in documents:
        text = (tmp_path / f"{document}.md").read_text(encoding="utf-8")
        assert not re.search(r"^```\{(file|run|python|picture)\}", text, re.MULTILINE)
        for entries in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            listed |= set(in_contents(document, entries, tmp_path))
    assert set(documents) <= listed


def in_contents(document, entries, folder):
    """Documents that a list of contents names."""
    here = (folder / document).parent
    for line in entries.splitlines():
        if line.strip() and not line.startswith(":"):
            for file in here.glob(f"{line.strip()}.md"):
                yield str(file.resolve().relative_to(folder.resolve()).with_suffix(""))


def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("See [this](nothing.md).")
    with pytest.raises(PageError, match=r"'nothing.md' leads nowhere"):
        stage.staged_text(page, "howto/page.md", {})


# Reference


def test_every_key_of_the_schema_has_a_row_and_a_meaning():
    text = scenario_file.pages()["reference/scenario_file"]
    for model in scenario_file.SECTIONS.values():
        for name, field in model.model_fields.items():
            row = next(line for line in text.splitlines() if line.startswith(f"| `{field.alias or name}`"))
            assert row.split("|")[-2].strip(), f"{model.__name__}.{name} has no description"
    assert schema.Expect in scenario_file.SECTIONS.values()


def test_every_command_has_an_example_that_it_accepts():
    known = commands.commands()
    assert commands.examples().keys() == known.keys()
    for name, entries in commands.examples().items():
        for entry in entries:
            words = shlex.split(entry["line"])
            assert words[:2] == ["pathway", name] and entry["does"]
            known[name].make_context(name, words[2:])


def shell_lines():
    """Commands of the program in plain blocks of the shell, by page."""
    for page in HERE.rglob("*.md"):
        for body in re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in body.replace("\\\n", "").splitlines():
                if line.startswith("pathway "):
                    yield pytest.param(line, id=f"{page.stem}: {line}")


@pytest.mark.parametrize("line", list(shell_lines()))
def test_commands_that_are_only_shown_are_understood(line):
    words = shlex.split(line, comments=True)
    commands.commands()[words[1]].make_context(words[1], words[2:])


def test_every_exit_code_is_explained():
    codes = {name for name, value in vars(cli).items() if name.isupper() and isinstance(value, int)}
    assert codes == commands.EXITS.keys()


def test_files_of_a_run_are_those_that_a_run_leaves():
    assert folders.files_of_a_run() <= folders.MEANINGS.keys()


def test_every_parameter_stands_in_one_table():
    rows = re.findall(r"^\| `(\w+)` \|", circuit.pages()["reference/parameters"], re.MULTILINE)
    assert sorted(rows) == sorted(parameters.reference_entries())


def test_findings_are_told_in_order_and_judged_or_waiting():
    assert list(findings()) == [f"V{k}" for k in range(1, len(findings()) + 1)]
    for code, entry in findings().items():
        assert entry["short"] and entry["words"]
        assert ("waits" in entry or "cohort" in entry) != (code in by_finding())
    assert by_finding().keys() <= findings().keys()


# README


def test_readme_is_short_and_says_what_is_kept():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert readme.with_blocks(text) == text, "run: python -m docs.readme"
    assert main_experiment.recorded_run()["ensemble"]
    assert not re.search(r"\bV\d", text), "a code that nothing explains"


def test_links_of_readme_and_contributing_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"):
        for target in re.findall(r"\]\(([^)#\s]+)", (ROOT / name).read_text(encoding="utf-8")):
            assert "://" in target or (ROOT / target).exists(), f"{name}: {target}"


def test_the_experiment_of_readme_is_that_of_the_tutorial():
    """Which is run: so the one in README is known to work."""

    def plan(text):
        return [re.sub(r"\s*#.*", "", line) for line in text.splitlines()]

    body = re.search(r"^```toml\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]
    page = (HERE / "tutorials" / "own_scenario.md").read_text("utf-8")
    assert plan(body) == plan(next(b.body for b in blocks_of(page) if b.argument == "mine.toml"))


# How outputs are compared


def test_numbers_are_compared_as_they_are_rounded():
    assert difference({"a": [1.0, "GR 0.65"]}, {"a": [1.0004, "GR  0.65"]}) == ""
    assert difference({"a": 1.0}, {"a": 1.1}) == "/a: 1.0, now 1.1"
    assert "line 1" in difference("GR 0.65 met", "GR 0.70 met")
    assert "line 1" in difference("GR 0.65 met", "GR 0.65 missed")
    assert difference(["a"], ["a", "b"]).endswith("1 entries, now 2")
    assert difference({"a": 1}, {"b": 1}) != ""


def test_commands_of_a_block_go_on_over_lines():
    (block,) = blocks_of("```{run} exit=3\na \\\n b\n\nc\n```\n")
    assert commands_of(block) == ["a  b", "c"] and block.exit_code == 3


def test_the_first_code_of_a_page_is_explained_and_every_one_is_a_link():
    nodes = pytest.importorskip("docutils.nodes", reason="extra `docs` is not installed")
    from docutils.utils import new_document

    from docs.vcodes import explain

    page = new_document("page")
    cell = nodes.entry("", nodes.paragraph("", "V5 in a table"))
    page += nodes.table("", nodes.tgroup("", nodes.tbody("", nodes.row("", cell))))
    page += nodes.paragraph("", "V3 is met, V5 too, and V3 again; V99 is no finding.")
    page += nodes.literal_block("", "V4 of a program")
    explain(SimpleNamespace(env=SimpleNamespace(docname="howto/page")), page)
    short = {code: findings()[code]["short"] for code in ("V3", "V5")}
    table, told, program = (part.astext() for part in page.children)
    assert (table, program) == ("V5 in a table", "V4 of a program")
    assert told == f"V3 ({short['V3']}) is met, V5 ({short['V5']}) too, and V3 again; V99 is no finding."
    links = [node["reftarget"] for node in page.findall() if "reftarget" in getattr(node, "attributes", {})]
    assert links == ["finding-v5", "finding-v3", "finding-v5", "finding-v3"]
