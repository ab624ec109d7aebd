"""Examples that stand below the help of each command; each is a command that can be typed as it is."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "run": (
        "pathway run antimir21_resensitises",
        "pathway run mine.toml --set dose.trastuzumab='1 ug/mL' --out results/lower_dose",
        "pathway run model.xml --until 100",
    ),
    "plan": (
        "pathway plan antimir21_resensitises",
        "pathway plan mine.toml --cells my_line.toml --compare 'both vs trastuzumab' --quantity pAKT --assay blot",
        "pathway plan mine.toml --uptake '70 %' --knock-down '60 %' --own-replicates blot=0.8,1.1,1.3",
    ),
    "check": ("pathway check mine.toml", "pathway check my_blots.toml --json"),
    "new": (
        "pathway new mine.toml",
        "pathway new mine.toml --from antimir21_timing",
        "pathway new my_line.toml --cells bt474",
    ),
    "explore": (
        "pathway explore antimir21_resensitises --out circuit.html",
        "pathway explore mine.toml --ensemble none --out mine.html",
        "pathway explore --lesson 03 --out lesson.html",
    ),
    "compare": ("pathway compare results/one results/two",),
    "dose-response": (
        "pathway dose-response antimir21_resensitises",
        "pathway dose-response mine.toml --agent trastuzumab --doses '0.1 ug/mL, 1 ug/mL, 10 ug/mL' --at '72 h'",
    ),
    "synergy": (
        "pathway synergy antimir21_resensitises --grid 5x5",
        "pathway synergy mine.toml --ensemble prior --draws 50",
    ),
    "screen": ("pathway screen antimir21_resensitises --knock-down '80 %' --pairs 20",),
    "sensitivity": (
        "pathway sensitivity antimir21_resensitises",
        "pathway sensitivity antimir21_resensitises --method control --levels PTEN,pAKT",
    ),
    "bifurcation": ("pathway bifurcation antimir21_resensitises --parameter miR21_extra_transcription --high 10",),
    "explain": ("pathway explain antimir21_resensitises --arm both --reference trastuzumab --reading PTEN",),
    "single-cells": ("pathway single-cells antimir21_resensitises --cells 100",),
    "show": (
        "pathway show scenarios",
        "pathway show agents Herceptin",
        "pathway show parameters PTEN --cells bt474_resistant",
        "pathway show equations PTEN",
    ),
    "export": (
        "pathway export bt474_resistant --to sbml --out bt474_resistant.xml",
        "pathway export antimir21_resensitises --to omex --out experiment.omex",
    ),
    "fit": (
        "pathway fit my_blots.toml --until-agree 10 --budget '10 min'",
        "pathway fit problem.yaml --starts 20 --out results/fit",
    ),
    "profile": ("pathway profile my_blots.toml --parameter k_PI3K",),
    "sample": ("pathway sample my_blots.toml",),
    "predict": ("pathway predict my_blots.toml --scenario antimir21_resensitises",),
    "design": ("pathway design my_blots.toml --target k_PI3K --at '24 h' --at '72 h'",),
    "compare-fits": ("pathway compare-fits results/with_loop results/without_loop",),
    "plot": (
        "pathway plot results/antimir21_resensitises",
        "pathway plot results/antimir21_resensitises --what pAKT --style slides --out pAKT.pdf",
        "pathway plot results/antimir21_resensitises --what all",
    ),
    "cohort": (
        "pathway cohort women37 --women 2000",
        "pathway cohort women37 --patients my_patients.csv --out results/mine",
    ),
    "validate": ("pathway validate", "pathway validate --scenario antimir21_resensitises --ensemble none"),
    "replay": ("pathway replay results/antimir21_resensitises",),
    "verify": ("pathway verify results/antimir21_resensitises",),
    "cite": ("pathway cite", "pathway cite antimir21_resensitises --bibtex"),
    "teach": (
        "pathway teach start course --student 'Ada L.'",
        "pathway teach grade answers_of_my_class --out class.csv",
        "pathway teach site public_html/circuit",
        "pathway teach solutions teacher",
    ),
}
