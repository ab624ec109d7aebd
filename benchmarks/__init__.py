"""Side by side with other simulators: `python -m benchmarks`.

Equal error: each tool runs at the loosest relative tolerance of 1e-4, 3e-5, 1e-5 ... 1e-8 (further down to 1e-10 if it
must) at which its error is at most the target, 1e-5 or 1e-7. Error: the largest deviation of any species at any
recorded time from the reference, over the largest value that the species has in the reference. The reference is
SciPy's Radau at 1e-12 over the same equations written anew as a Python function (Chen: LSODA), cross-checked with
another program.

Tools are asked in turn, round by round, on one pinned core; the figure is the median over rounds, the spread the
quartiles. Times are seconds of the processor, which a machine shared with others leaves nearly as they are; only one
core against all, and start-up, go by the clock on the wall. Peers get their own fast interface: no data frames, no
set-up inside the timing. A table of one problem and one part is one such block: its ratios come from one run.
`--append` adds blocks to those of earlier runs, so that a shared machine need not be kept for an hour at a time.

AMICI wants a Python of its own: `--amici PYTHON` or the variable AMICI_PYTHON names it.
"""
