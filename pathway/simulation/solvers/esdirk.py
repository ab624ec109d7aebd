"""The implicit Runge-Kutta method of the sensitivities.

ESDIRK5(4)7L[2]SA2 of Kennedy & Carpenter, Diagonally implicit Runge-Kutta methods for stiff ODEs, Applied Numerical
Mathematics 146 (2019), doi:10.1016/j.apnum.2019.07.008: L-stable, stiffly accurate, stage order 2.
"""

from __future__ import annotations

import numpy as np

STAGES = 7

GAMMA = 23.0 / 125.0
_B = (
    -188593204321 / 4778616380481,
    -188593204321 / 4778616380481,
    2809310203510 / 10304234040467,
    1021729336898 / 2364210264653,
    870612361811 / 2470410392208,
    -1307970675534 / 8059683598661,
    GAMMA,
)
A = np.array(
    [
        [0.0] * 7,
        [GAMMA, GAMMA, 0, 0, 0, 0, 0],
        [791020047304 / 3561426431547, 791020047304 / 3561426431547, GAMMA, 0, 0, 0, 0],
        [-158159076358 / 11257294102345, -158159076358 / 11257294102345, -85517644447 / 5003708988389, GAMMA, 0, 0, 0],
        [
            -1653327111580 / 4048416487981,
            -1653327111580 / 4048416487981,
            1514767744496 / 9099671765375,
            14283835447591 / 12247432691556,
            GAMMA,
            0,
            0,
        ],
        [
            -4540011970825 / 8418487046959,
            -4540011970825 / 8418487046959,
            -1790937573418 / 7393406387169,
            10819093665085 / 7266595846747,
            4109463131231 / 7386972500302,
            GAMMA,
            0,
        ],
        list(_B),
    ]
)
NODES = np.array(
    [
        0.0,
        46 / 125,
        7121331996143 / 11335814405378,
        49 / 353,
        3706679970760 / 5295570149437,
        347 / 382,
        1.0,
    ]
)
_EMBEDDED = (
    -582099335757 / 7214068459310,
    615023338567 / 3362626566945,
    3192122436311 / 6174152374399,
    6156034052041 / 14430468657929,
    -1011318518279 / 9693750372484,
    1914490192573 / 13754262428401,
)
EMBEDDED = np.array([1.0 - sum(_EMBEDDED), *_EMBEDDED])


def dense_weights() -> np.ndarray:
    """Polynomials b_i(x) of degree 4 of a continuous extension of order 4, coefficients of x .. x^4, shape (7, 4).

    The smallest solution of the order conditions up to order 4 (five of them, since the stage order is 2) that ends
    in the weights of the method.
    """
    c2 = NODES**2
    rows = [np.ones(STAGES), NODES, c2, NODES**3, A @ c2]
    targets = np.zeros((5, 4))
    for k, value in enumerate((1.0, 1 / 2, 1 / 3, 1 / 4)):
        targets[k, k] = value
    targets[4, 3] = 1 / 12
    equations, right = [], []
    for row, target in zip(rows, targets, strict=True):
        for k in range(4):
            equation = np.zeros((STAGES, 4))
            equation[:, k] = row
            equations.append(equation.ravel())
            right.append(target[k])
    for i in range(STAGES):
        equation = np.zeros((STAGES, 4))
        equation[i] = 1.0
        equations.append(equation.ravel())
        right.append(A[6, i])
    return np.linalg.lstsq(np.array(equations), np.array(right), rcond=None)[0].reshape(STAGES, 4)


def stages_by_solutions() -> tuple[np.ndarray, np.ndarray]:
    """What each stage starts from and its slope, in terms of the stages' solutions instead of their slopes.

    Then a stage needs one sum and one solve, and nothing is computed only to be combined again. Columns: h times the
    slope at the start, the start, X_1 ... X_6; rows: B_1 ... B_6, and h times the slope at the start, K_1 ... K_6.
    The first column falls out everywhere but in B_1 and K_1, since the first two columns of `A` agree.
    """
    unit = np.eye(STAGES + 1)
    bases, slopes = [], [unit[0]]
    for stage in range(1, STAGES):
        bases.append(unit[1] + sum(A[stage, j] * slopes[j] for j in range(stage)))
        slopes.append((unit[stage + 1] - bases[-1]) / GAMMA)
    return np.array(bases), np.array(slopes)
