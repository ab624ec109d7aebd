"""WHICH EXPERIMENT TO DO: power, replicates, refutation and expected information, over the members of an ensemble.

Every question becomes a contrast of dishes that a bench can measure, with its value and its noise in each member; what
is asked of contrasts knows nothing of cells. No file format but the table of assays, no figure.
"""
