"""One likelihood over all open data; see `problem`."""

from .problem import Evaluation, Problem, Simulated, problem

__all__ = ["Evaluation", "Problem", "Simulated", "problem"]
