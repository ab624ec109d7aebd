"""Public suites, run against the installed core alone: `python -m tests.conformance sbml --json`.

Nothing here imports pytest; `test_*.py` beside it offers the same cases one by one.
"""
