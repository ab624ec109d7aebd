"""`pathway explore` as a user types it."""

from pathway.cli import BAD_INPUT, DONE, main


def test_a_page_is_written(tmp_path, capsys):
    out = tmp_path / "circuit.html"
    assert main(["explore", "untreated_rest", "--ensemble", "none", "--out", str(out)]) == DONE
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "default-src 'none'" in text
    assert "KB; open it in a browser" in capsys.readouterr().out
    assert "{{" not in text.split("<script", 1)[0]


def test_what_cannot_be_written_is_said_in_one_line(tmp_path, capsys):
    assert main(["explore", "untreated_rest", "--out", str(tmp_path / "circuit.pdf")]) == BAD_INPUT
    assert "the page is written as .html" in capsys.readouterr().err
    assert main(["explore", "untreated_rests", "--out", str(tmp_path / "circuit.html")]) == BAD_INPUT
    assert "untreated_rest" in capsys.readouterr().err
    out = tmp_path / "mine.html"
    out.write_text("mine")
    assert main(["explore", "untreated_rest", "--ensemble", "none", "--out", str(out)]) == BAD_INPUT
    assert out.read_text() == "mine"
