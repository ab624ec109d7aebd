"""The step loop of models with events, or whose rates switch by the state."""

from __future__ import annotations

from .rosenbrock import rosenbrock_loop

run = rosenbrock_loop(watching=True)
