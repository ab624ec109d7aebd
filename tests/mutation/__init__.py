"""Faults made by the machine, to see whether the tests notice: `python -m tests.mutation`. No part of the suite."""
