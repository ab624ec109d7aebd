"""Optima of an objective: local minimizers, many starts, and what they found, kept on disk.

Nothing here knows of runs or measurements.
"""
