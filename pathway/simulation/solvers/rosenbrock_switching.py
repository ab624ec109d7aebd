"""The step loop that takes explicit steps where nothing is stiff."""

from __future__ import annotations

from .rosenbrock import rosenbrock_loop

run = rosenbrock_loop(watching=True, switching=True)
