"""Side by side with other simulators: `python -m benchmarks`; what is compared and how, its page says (`table.py`).

AMICI wants a Python of its own: `--amici PYTHON` or the variable AMICI_PYTHON names it. `--append` adds blocks (a
problem and a part, its ratios from one interleaved run) to those of earlier runs, so that a shared machine need not be
kept for an hour at a time.
"""
