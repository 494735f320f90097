"""How unlike decoded structures are, whatever the bending of the crystal."""

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

#: Newton steps of a fit, and the largest change of a coefficient in one.
_STEPS, _LARGEST_STEP = 10, 1.0


def structure_distances(log_spots, changes, log_background, electrons, azimuths=None):
    r"""Return how badly decoded patterns explain each other, nuisances fitted.

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
        turned to explain each other best.

    Returns
    -------
    numpy.ndarray, shape (n, n)
        Symmetric, 0 on the diagonal, in units of the logarithm of the likelihood.

    Notes
    -----
    Pattern :math:`i` is explained by the structure of :math:`j` with nuisances fitted,

    .. math:: \min_e \; N \sum p_i \log \frac{p_i}{p_j(e)} + |e|^2 / 4,

    by Newton's method; 1/4, not 1/2, as both patterns have nuisances of unit variance.
    A crystal bent so far that some of its spots are gone is explained by one that has
    all, not the other way round: the smaller of both numbers is the distance.
    """
    background = np.exp(log_background)
    patterns = _unit_sums(np.exp(log_spots) + background)
    losses = np.empty((len(log_spots),) * 2)
    for i, pattern in enumerate(patterns):
        others = log_spots if azimuths is None else _turned(log_spots, i, azimuths)
        losses[i] = _fitted_losses(pattern, others, changes, background, electrons)
    distances = np.minimum(losses, losses.T)
    np.fill_diagonal(distances, 0)
    return np.maximum(distances, 0)


def _fitted_losses(pattern, log_spots, changes, background, electrons):
    """Return how badly each structure explains one pattern, (n,)."""
    n, n_nuisances, _ = changes.shape
    coefficients = np.zeros((n, n_nuisances))
    best = np.full(n, np.inf)
    for _ in range(_STEPS + 1):
        fitted = np.einsum("nk,nkc->nc", coefficients, changes)
        spots = np.exp(np.minimum(log_spots + fitted, 30))
        rates = spots + background
        model = _unit_sums(rates)
        loss = electrons * (pattern * np.log(pattern / model)).sum(axis=1)
        loss += (coefficients**2).sum(axis=1) / 4
        best = np.minimum(best, loss)
        if not n_nuisances:
            break
        slopes = changes * (spots / rates)[:, None]
        slopes -= (slopes * model[:, None]).sum(axis=2, keepdims=True)
        gradient = electrons * (slopes @ (pattern - model)[..., None])[..., 0]
        gradient -= coefficients / 2
        curvature = electrons * (slopes * model[:, None]) @ slopes.transpose(0, 2, 1)
        curvature += np.eye(n_nuisances) / 2
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        coefficients = coefficients + np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
    return best


def merged(distances, n_domains):
    """Merge components to domains by what their most alike members lose.

    Parameters
    ----------
    distances : numpy.ndarray, shape (n, n)
        Loss of each pair, per pattern.
    n_domains : int or None
        How many to leave; None to stop before the widest gap between the losses of
        successive merges, two domains or more.

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
        n_domains = n - 1 - int(np.argmax(np.diff(tree[:, 2])))
    return cut_tree(tree, n_domains)[:, 0]


def _turned(log_spots, index, azimuths):
    """Return polar patterns turned onto one of them, (n, n_cells)."""
    images = log_spots.reshape(len(log_spots), -1, azimuths)
    spectra = np.fft.rfft(np.exp(images / 2))
    products = (spectra[index] * spectra.conj()).sum(axis=1)
    shifts = np.fft.irfft(products, azimuths).argmax(axis=1)
    turned = [np.roll(i, s, axis=1) for i, s in zip(images, shifts, strict=True)]
    return np.reshape(turned, log_spots.shape)


def _unit_sums(rates):
    return rates / rates.sum(axis=1, keepdims=True)
