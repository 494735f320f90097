r"""Amorphous phases: patterns that are nothing but rings."""

import numpy as np

from hspy_cnmf.constraints.ring_quantiles import ring_medians
from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.operators.low_rank import gram_of_rows, inverse_of_gram
from hspy_cnmf.solver.ring_shares import cone

#: Share of its square norm that a pattern of an amorphous phase has off its rings.
STRUCTURE = 0.1

#: The same of another one than the purest, without noise; and from where on it is a
#: crystal's if it is `STRUCTURE` of all that the purest pattern lacks.
_BEYOND_NOISE, _FAINT = 0.03, 0.01

#: The same of a pattern of an amorphous phase under a floor: 0.004 at most where there
#: are several like it. Overlapping discs under a floor have 0.008 and more.
PURE = 0.005


def off_rings(
    patterns: np.ndarray, rings: Rings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return medians of rings, (n, n_rings), and what patterns have off them, squared.

    The latter, and the square norm of each pattern, are of shape (n,).
    """
    levels = ring_medians(patterns, rings.order, rings.edges)
    # Of narrow rings, what is between their middles is no structure.
    between = np.array([rings.interpolate(row) for row in levels])
    off = np.square(patterns - between).sum(axis=1)
    return levels, off, np.square(patterns).sum(axis=1)


def amorphous(
    patterns: np.ndarray,
    loadings: np.ndarray,
    rings: Rings,
    all_sizes: np.ndarray,
    sizes: np.ndarray,
) -> np.ndarray:
    r"""Return which patterns are nothing but rings, (n,).

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_pixels)
        In the units of the data, without the direct beam.
    loadings : numpy.ndarray, shape (n, n_positions)
    rings : Rings
    all_sizes, sizes : numpy.ndarray, shape (n_rings,)
        Pixels of each ring, none of the direct beam; and none of small rings, either.

    Notes
    -----
    A crystal that holds much of the matrix is nearly rings, too; so is a weak
    amorphous phase, but for noise. What the purest pattern has off its rings is
    taken for noise, and foretells that of the others: its square is as the diagonal
    of :math:`(H H^\mathsf{T})^{-1}`. What another phase has beyond the purest
    pattern is rings, too; what a crystal with faint or wide spots has is not.
    """
    levels, off, square_norm = off_rings(patterns, rings)
    found = (off < STRUCTURE * square_norm) & (square_norm > 0)
    if np.count_nonzero(found) > 1:
        some = np.flatnonzero(found)
        purest = some[np.argmin(off[some] / square_norm[some])]
        noise = np.diag(inverse_of_gram(gram_of_rows(loadings)))
        noise = noise * (off[purest] / (noise[purest] or np.inf))
        beyond = off - noise
        found &= beyond < _BEYOND_NOISE * square_norm
        own = levels - cone(levels, levels[[purest]], sizes) @ levels[[purest]]
        of_others = np.square(own) @ all_sizes + beyond
        found &= beyond < np.maximum(STRUCTURE * of_others, _FAINT * square_norm)
        found[purest] = True
    return found
