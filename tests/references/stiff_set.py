"""The published stiff test problems, with the reference values that their collections print.

HIRES, OREGO, POLLU, ROBER, VDPOL: Mazzia & Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (2008),
chapter II; the values agree with Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.10, whose
program output they extend. E5 is judged at t = 1000, where Enright & Pryce, ACM TOMS 13 (1987), print it. BRUSS is the
one-dimensional Brusselator with diffusion of Hairer & Wanner on a coarse grid; it has no printed value here and is
judged by a run of SciPy's Radau at 1e-12.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.expressions import parse


@dataclass(frozen=True, eq=False)
class StiffProblem:
    """Equations as text, the span, and the solution at its end (nan: not printed)."""

    name: str
    equations: dict[str, str]
    start: dict[str, float]
    end: float
    solution: tuple[float, ...] | None
    absolute: float | None = None

    @property
    def model(self) -> Model:
        """As a model of rate rules."""
        return Model(
            name=self.name,
            species=tuple(self.start),
            parameters=(),
            parameter_values=np.zeros(0),
            initial={n: parse(repr(v)) for n, v in self.start.items()},
            rate_rules={n: parse(f) for n, f in self.equations.items()},
        )


def _pollution() -> tuple[dict[str, str], dict[str, float]]:
    rates = (
        "0.35*y1", "26.6*y2*y4", "12300*y5*y2", "0.00086*y7", "0.00082*y7", "15000*y7*y6", "0.00013*y9",
        "24000*y9*y6", "16500*y11*y2", "9000*y11*y1", "0.022*y13", "12000*y10*y2", "1.88*y14", "16300*y1*y6",
        "4800000*y3", "0.00035*y4", "0.0175*y4", "100000000*y16", "444000000000*y16", "1240*y17*y6", "2.1*y19",
        "5.78*y19", "0.0474*y1*y4", "1780*y19*y1", "3.12*y20",
    )  # fmt: skip
    balance = {
        1: "-1-10-14-23-24+2+3+9+11+12+22+25", 2: "-2-3-9-12+1+21", 3: "-15+1+17+19+22", 4: "-2-16-17-23+15",
        5: "-3+4+4+6+7+13+20", 6: "-6-8-14-20+3+18+18", 7: "-4-5-6+13", 8: "+4+5+6+7", 9: "-7-8", 10: "-12+7+9",
        11: "-9-10+8+11", 12: "+9", 13: "-11+10", 14: "-13+12", 15: "+14", 16: "-18-19+16", 17: "-20", 18: "+20",
        19: "-21-22-24+23+25", 20: "-25+24",
    }  # fmt: skip
    equations = {}
    for k, text in balance.items():
        terms = text.replace("-", " -").replace("+", " +").split()
        equations[f"y{k}"] = " ".join(f"{term[0]} ({rates[int(term[1:]) - 1]})" for term in terms).lstrip("+ ")
    start = dict.fromkeys(equations, 0.0)
    start |= {"y2": 0.2, "y4": 0.04, "y7": 0.1, "y8": 0.3, "y9": 0.01, "y17": 0.007}
    return equations, start


def _brusselator(cells: int = 20) -> tuple[dict[str, str], dict[str, float]]:
    alpha = (cells + 1) ** 2 / 50.0
    equations, start = {}, {}
    for i in range(1, cells + 1):
        u = [f"u{j}" if 1 <= j <= cells else "1" for j in (i - 1, i + 1)]
        v = [f"v{j}" if 1 <= j <= cells else "3" for j in (i - 1, i + 1)]
        equations[f"u{i}"] = f"1 + u{i}^2*v{i} - 4*u{i} + {alpha!r}*({u[0]} - 2*u{i} + {u[1]})"
        equations[f"v{i}"] = f"3*u{i} - u{i}^2*v{i} + {alpha!r}*({v[0]} - 2*v{i} + {v[1]})"
        start[f"u{i}"] = 1.0 + float(np.sin(2 * np.pi * i / (cells + 1)))
        start[f"v{i}"] = 3.0
    return equations, {name: start[name] for name in equations}


PROBLEMS = (
    StiffProblem(
        "ROBER",
        {"y1": "-0.04*y1 + 1e4*y2*y3", "y2": "0.04*y1 - 1e4*y2*y3 - 3e7*y2^2", "y3": "3e7*y2^2"},
        {"y1": 1.0, "y2": 0.0, "y3": 0.0},
        1e11,
        (0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050),
        absolute=1e-20,
    ),
    StiffProblem(
        "HIRES",
        {
            "y1": "-1.71*y1 + 0.43*y2 + 8.32*y3 + 0.0007",
            "y2": "1.71*y1 - 8.75*y2",
            "y3": "-10.03*y3 + 0.43*y4 + 0.035*y5",
            "y4": "8.32*y2 + 1.71*y3 - 1.12*y4",
            "y5": "-1.745*y5 + 0.43*y6 + 0.43*y7",
            "y6": "-280*y6*y8 + 0.69*y4 + 1.71*y5 - 0.43*y6 + 0.69*y7",
            "y7": "280*y6*y8 - 1.81*y7",
            "y8": "-280*y6*y8 + 1.81*y7",
        },
        {"y1": 1.0, "y2": 0.0, "y3": 0.0, "y4": 0.0, "y5": 0.0, "y6": 0.0, "y7": 0.0, "y8": 0.0057},
        321.8122,
        (
            0.7371312573325668e-3,
            0.1442485726316185e-3,
            0.5888729740967575e-4,
            0.1175651343283149e-2,
            0.2386356198831331e-2,
            0.6238968252742796e-2,
            0.2849998395185769e-2,
            0.2850001604814231e-2,
        ),
    ),
    StiffProblem(
        "OREGO",
        {
            "y1": "77.27*(y2 + y1*(1 - 8.375e-6*y1 - y2))",
            "y2": "(y3 - (1 + y1)*y2)/77.27",
            "y3": "0.161*(y1 - y3)",
        },
        {"y1": 1.0, "y2": 2.0, "y3": 3.0},
        360.0,
        (0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3),
    ),
    StiffProblem(
        "VDPOL",
        {"y1": "y2", "y2": "1000*(1 - y1^2)*y2 - y1"},
        {"y1": 2.0, "y2": 0.0},
        2000.0,
        (0.1706167732170469e1, -0.8928097010248125e-3),
    ),
    StiffProblem(
        "POLLU",
        *_pollution(),
        60.0,
        (
            0.5646255480022769e-1,
            0.1342484130422339,
            0.4139734331099427e-8,
            0.5523140207484359e-2,
            0.2018977262302196e-6,
            0.1464541863493966e-6,
            0.7784249118997964e-1,
            0.3245075353396018,
            0.7494013383880406e-2,
            0.1622293157301561e-7,
            0.1135863833257075e-7,
            0.2230505975721359e-2,
            0.2087162882798630e-3,
            0.1396921016840158e-4,
            0.8964884856898295e-2,
            0.4352846369330103e-17,
            0.6899219696263405e-2,
            0.1007803037365946e-3,
            0.1772146513969984e-5,
            0.5682943292316392e-4,
        ),
    ),
    StiffProblem(
        "E5",
        {
            "y1": "-7.89e-10*y1 - 1.1e7*y1*y3",
            "y2": "7.89e-10*y1 - 1.13e9*y2*y3",
            "y3": "7.89e-10*y1 - 1.1e7*y1*y3 + 1.13e3*y4 - 1.13e9*y2*y3",
            "y4": "1.1e7*y1*y3 - 1.13e3*y4",
        },
        {"y1": 1.76e-3, "y2": 0.0, "y3": 0.0, "y4": 0.0},
        1000.0,
        (1.618076919919600e-03, 1.382236955418478e-10, 8.251573436034144e-12, 1.299721221058136e-10),
        absolute=1.7e-24,
    ),
    StiffProblem("BRUSS", *_brusselator(), 10.0, None),
)
