"""Coefficients of the one-step methods, from the papers that published them.

A Rosenbrock method of s stages, in the variables that avoid a product with the Jacobian
(Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.7):

    (M / (gamma h) - J) u_i = f(t + c_i h, y + sum_j a_ij u_j) + M sum_j (C_ij / h) u_j + h d_i df/dt,
    y_new = y + sum_j a_sj u_j + u_s,        error estimate = u_s.

Both methods below are stiffly accurate, so the last stage closes the step and is itself the error of an embedded
method one order lower. M is the identity with zeros in the rows of algebraic species.

Between the ends, with x = (time - t) / h and k_m = sum_j dense_mj u_j,

    y(x) = (1 - x) y + x (y_new + (1 - x) (k_1 + x (k_2 + x k_3))).

An explicit pair, for where a run is not stiff, has the same output between the ends, with k_m = h sum_j dense_mj f_j of
the slopes f_j of its stages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Tableau:
    """A stiffly accurate Rosenbrock method.

    Attributes
    ----------
    name : str
    order, error_order : int
        Of the method and of its embedded error estimate.
    gamma : float
    a, c : arrays, shape (n_stages, n_stages)
        Strictly lower triangular; `c` is the C of the formula above.
    nodes : array, shape (n_stages,)
        Where in the step each stage evaluates the right-hand side.
    d : array, shape (n_stages,)
        Weights of the derivative by time.
    dense : array, shape (2 or 3, n_stages)
    source : str
    """

    name: str
    order: int
    error_order: int
    gamma: float
    a: np.ndarray
    c: np.ndarray
    nodes: np.ndarray
    d: np.ndarray
    dense: np.ndarray
    source: str

    @property
    def stages(self) -> int:
        return len(self.nodes)


@dataclass(frozen=True, eq=False)
class ExplicitPair:
    """An explicit Runge-Kutta pair whose last stage is the first of the next step, with a free interpolant.

    Attributes
    ----------
    name : str
    a : array, shape (n_stages, n_stages)
        Strictly lower triangular; the last row holds the weights of the method.
    nodes : array, shape (n_stages,)
    error : array, shape (n_stages,)
        The method minus its embedded one.
    interpolant : array, shape (n_stages, 4)
        Weights between the ends as polynomials: coefficients of x .. x^4.
    source : str
    """

    name: str
    a: np.ndarray
    nodes: np.ndarray
    error: np.ndarray
    interpolant: np.ndarray
    source: str

    @property
    def dense(self) -> np.ndarray:
        """The weights of k_1, k_2 and k_3, shape (3, n_stages)."""
        third = -self.interpolant[:, 3]
        second = third - self.interpolant[:, 2]
        return np.array([second - self.interpolant[:, 1], second, third])


def _lower(*rows: tuple[float, ...]) -> np.ndarray:
    """A strictly lower triangular matrix from its rows, the first (empty) row left out."""
    matrix = np.zeros((len(rows) + 1, len(rows) + 1))
    for index, row in enumerate(rows, start=1):
        matrix[index, : len(row)] = row
    return matrix


_RODAS5P_LAST = (
    -7.502846399306121,
    2.561846144803919,
    -11.627539656261098,
    -0.18268767659942256,
    0.030198172008377946,
)

RODAS5P = Tableau(
    name="Rodas5P",
    order=5,
    error_order=4,
    gamma=0.21193756319429014,
    a=_lower(
        (3.0,),
        (2.849394379747939, 0.45842242204463923),
        (-6.954028509809101, 2.489845061869568, -10.358996098473584),
        (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
        _RODAS5P_LAST,
        (*_RODAS5P_LAST, 1.0),
        (*_RODAS5P_LAST, 1.0, 1.0),
    ),
    c=_lower(
        (-14.155112264123755,),
        (-17.97296035885952, -2.859693295451294),
        (147.12150275711716, -1.41221402718213, 71.68940251302358),
        (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
        (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
        (
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
        ),
        (
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ),
    ),
    nodes=np.array(
        [0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0]
    ),
    d=np.array(
        [
            0.21193756319429014,
            -0.42387512638858027,
            -0.3384627126235924,
            1.8046452872882734,
            2.325825639765069,
            0.0,
            0.0,
            0.0,
        ]
    ),
    dense=np.array(
        [
            [
                25.948786856663858,
                -2.5579724845846235,
                10.433815404888879,
                -2.3679251022685204,
                0.524948541321073,
                1.1241088310450404,
                0.4272876194431874,
                -0.17202221070155493,
            ],
            [
                -9.91568850695171,
                -0.9689944594115154,
                3.0438037242978453,
                -24.495224566215796,
                20.176138334709044,
                15.98066361424651,
                -6.789040303419874,
                -6.710236069923372,
            ],
            [
                11.419903575922262,
                2.8879645146136994,
                72.92137995996029,
                80.12511834622643,
                -52.072871366152654,
                -59.78993625266729,
                -0.15582684282751913,
                4.883087185713722,
            ],
        ]
    ),
    source="Steinebach, Construction of Rosenbrock-Wanner method Rodas5P, BIT 63:27 (2023), "
    "doi:10.1007/s10543-023-00967-x",
)

RODAS4 = Tableau(
    name="Rodas4",
    order=4,
    error_order=3,
    gamma=0.25,
    a=_lower(
        (1.544,),
        (0.9466785280815826, 0.2557011698983284),
        (3.314825187068521, 2.896124015972201, 0.9986419139977817),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
        (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
    ),
    c=_lower(
        (-5.6688,),
        (-2.430093356833875, -0.2063599157091915),
        (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
        (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
        (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
    ),
    nodes=np.array([0.0, 0.386, 0.21, 0.63, 1.0, 1.0]),
    d=np.array([0.25, -0.1043, 0.1035, -0.03620000000000023, 0.0, 0.0]),
    dense=np.array(
        [
            [10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662, 0.0],
            [-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ]
    ),
    source="Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.10, code RODAS (1996)",
)

TSIT5 = ExplicitPair(
    name="Tsit5",
    a=_lower(
        (0.161,),
        (-0.008480655492356989, 0.335480655492357),
        (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
        (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
        (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
        (
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
        ),
    ),
    nodes=np.array([0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0]),
    error=np.array(
        [
            -0.001780011052225777,
            -0.0008164344596567469,
            0.007880878010261995,
            -0.1447110071732629,
            0.5823571654525552,
            -0.45808210592918697,
            1.0 / 66.0,
        ]
    ),
    interpolant=np.array(
        [
            [1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216],
            [0.0, 0.1317, -0.2234, 0.1017],
            [0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253],
            [0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902],
            [0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928],
            [0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661],
            [0.0, 1.5, -4.0, 2.5],
        ]
    ),
    source="Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption, "
    "Computers & Mathematics with Applications 62:770-775 (2011), doi:10.1016/j.camwa.2011.06.002",
)
