"""ASKING THE MODEL: dose-response, synergy, screens, control, sensitivity, continuation, attribution, single cells.

Numbers in, numbers out: it runs experiments of `scenario` and models of `simulation`, and reads or writes no file.
Figures are `plotting`, commands are `cli`; draws from a fit arrive here as plain arrays.
"""
