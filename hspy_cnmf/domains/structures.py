"""How unlike structures are, whatever the bending of the crystal."""

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

#: Newton steps for the nuisances, and the largest change of a coefficient in one.
_STEPS, _LARGEST_STEP = 8, 1.0

#: Updates of the common structure before each of these steps.
_UPDATES = 4

#: Loss that says little: it is added to both of two losses whose ratio is taken.
_SMALL = 10.0

#: Largest logarithm of the ratio of two envelopes.
_LARGEST_RATIO = 16.0


def structure_distances(
    log_spots: np.ndarray,
    changes: np.ndarray,
    log_background: np.ndarray,
    electrons: float,
    azimuths: int | None = None,
) -> np.ndarray:
    r"""Return how badly a common structure explains each two decoded patterns.

    Parameters
    ----------
    log_spots : numpy.ndarray, shape (n, n_cells)
        Logarithm of decoded spots.
    changes : numpy.ndarray, shape (n, n_nuisances, n_cells)
        What a unit of each nuisance adds to them.
    log_background : numpy.ndarray, shape (n_cells,)
        Logarithm of the background that all patterns share.
    electrons : float
        Electrons of a pattern.
    azimuths : int, optional
        Number of azimuths where patterns are polar, (radius, azimuth): patterns are
        turned to fit each other best.

    Returns
    -------
    numpy.ndarray, shape (n, n)
        Symmetric, 0 on the diagonal, in units of the logarithm of the likelihood.

    Notes
    -----
    Of patterns :math:`p, q` of unit sum is sought what is left if they have the spots
    :math:`s` in common, and differ by nuisances :math:`e` alone,

    .. math:: \min_{s, e} N \sum_i \big[ D(p_i, s_i r_i + b_i)
        + D(q_i, s_i / r_i + b_i) \big] + |e|^2 / 4, \quad
        r_i = \exp \sum_k e_k \phi_{ki} / 2,

    with the Poisson divergence :math:`D(p, m) = p \log(p / m) - p + m`; 1/4, not 1/2,
    as :math:`e` is the difference of two nuisances of unit variance. Newton's method
    alternates with the update of Richardson (1972) and Lucy (1974) for :math:`s`. A
    crystal may be bent so that either pattern lacks spots of the other: where one has
    none because its envelope is low, :math:`s` is what the other says.
    """
    background = np.exp(log_background)
    distances = np.zeros((len(log_spots),) * 2)
    for i, own in enumerate(log_spots[:-1]):
        others = log_spots[i:]
        others = (others if azimuths is None else _turned(others, azimuths))[1:]
        pairs = np.stack(np.broadcast_arrays(np.exp(own), np.exp(others)))
        both = (changes[i] + changes[i + 1 :]) / 2  # shifts change each another way
        losses = _losses_in_common(pairs, both, background, electrons)
        distances[i, i + 1 :] = distances[i + 1 :, i] = np.maximum(losses, 0)
    return distances


def _losses_in_common(
    spots: np.ndarray, changes: np.ndarray, background: np.ndarray, electrons: float
) -> np.ndarray:
    """Return what is lost if pairs of patterns have one structure, (n_pairs,).

    The spots of both are of shape (2, n_pairs, n_cells).
    """
    totals = (spots + background).sum(axis=2, keepdims=True)
    background = background / totals
    patterns = spots / totals + background
    structure = (spots / totals).mean(axis=0)
    halves = np.array([0.5, -0.5])[:, np.newaxis, np.newaxis]
    coefficients = np.zeros(changes.shape[:2])
    best = np.full(len(changes), np.inf)
    for _ in range(_STEPS):
        ratio = np.einsum("nk,nkc->nc", coefficients, changes)
        envelopes = np.exp(halves * np.clip(ratio, -_LARGEST_RATIO, _LARGEST_RATIO))
        for _ in range(_UPDATES):
            explained = patterns / (structure * envelopes + background)
            structure = structure * (envelopes * explained).sum(axis=0)
            structure /= envelopes.sum(axis=0)
        bright = structure * envelopes
        model = bright + background
        divergence = patterns * np.log(patterns / model) - patterns + model
        loss = electrons * divergence.sum(axis=(0, 2))
        best = np.minimum(best, loss + (coefficients**2).sum(axis=1) / 4)
        slope = electrons * (halves * bright * (1 - patterns / model)).sum(axis=0)
        gradient = np.einsum("nkc,nc->nk", changes, slope) + coefficients / 2
        # What the ratio of both tells, the structure being unknown.
        one, other = bright**2 / model
        known = electrons * one * other / np.maximum(one + other, 1e-300)
        curvature = (changes * known[:, np.newaxis]) @ changes.transpose(0, 2, 1)
        curvature += np.eye(changes.shape[1]) / 2
        step = np.linalg.solve(curvature, gradient[..., np.newaxis])[..., 0]
        coefficients = coefficients - np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
    return best


def merged(distances: np.ndarray, n_domains: int | None) -> np.ndarray:
    """Merge components to domains by what their most alike members lose.

    Parameters
    ----------
    distances : numpy.ndarray, shape (n, n)
        Loss of each pair, per pattern.
    n_domains : int or None
        How many to leave; None to stop before the merge that loses most in proportion
        to the one before, two domains or more.

    Returns
    -------
    labels : numpy.ndarray of int, shape (n,)
        Domain of each component.

    Notes
    -----
    Single linkage: a domain is a chain of components along which a crystal bends, and
    its ends may be less alike than two domains are. A criterion that compares whole
    groups, such as Ward's, cuts long chains and joins small domains instead.
    """
    n = len(distances)
    if n <= (n_domains or 2):
        return np.arange(n)
    tree = linkage(squareform(distances, checks=False), "single")
    if n_domains is None:
        n_domains = n - 1 - int(np.argmax(np.diff(np.log(tree[:, 2] + _SMALL))))
    return cut_tree(tree, n_domains)[:, 0]


def _turned(log_spots: np.ndarray, azimuths: int) -> np.ndarray:
    """Return polar patterns turned onto the first of them, (n, n_cells)."""
    images = log_spots.reshape(len(log_spots), -1, azimuths)
    spectra = np.fft.rfft(np.exp(images / 2))
    products = (spectra[0] * spectra.conj()).sum(axis=1)
    shifts = np.fft.irfft(products, azimuths).argmax(axis=1)
    turned = [np.roll(i, s, axis=1) for i, s in zip(images, shifts, strict=True)]
    return np.reshape(turned, log_spots.shape)
