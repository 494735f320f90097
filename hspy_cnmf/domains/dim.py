"""Patterns of few spots, which belong to whose spots they have, however few."""

import numpy as np
from scipy.special import expit

from hspy_cnmf.domains.held_out import Scan
from hspy_cnmf.domains.mixtures import moved

#: Parts of a domain's spots that a pattern may have: whole, or dim.
_WHOLE, _DIM = 1.0, (1 / 2, 1 / 4, 1 / 8, 1 / 16)

#: Log-likelihood by which another domain explains a dim pattern surely better.
_SURELY = 3.0

#: How often patterns are given to others at most, as domains are others then, and how
#: often domains are seen without their dim patterns.
_ROUNDS, _SEEN = 8, 2


def with_dim_patterns(probabilities: np.ndarray, scan: Scan) -> np.ndarray:
    r"""Return probabilities, (n_positions, n_domains), that know of dim patterns.

    Where crystals are thin, or as thick as an extinction length, patterns of all
    domains are alike in the direct beam and what is all around rings, and clusters part
    them by that. Spots stand out of a ring whatever its total is. With the share
    :math:`q_{ki}` of a cell in its ring in a domain's mean pattern, and :math:`n_i`
    cells in that ring, counts :math:`x_i` are explained by

    .. math:: l_k = \max_t \sum_i x_i \log \big( t q_{ki} + (1 - t) / n_i \big)

    with a part :math:`t` of the spots, summed over neighbours of the same label, but
    for the direct beam. A position is given to another domain that explains it surely
    better, and as dim, and is less sure where one explains it as well as its own.

    Nothing changes where crystals may be turned, or thickness makes a domain.
    """
    if scan.nuisances.azimuths or not len(scan.nuisances.terms):
        return probabilities
    for _ in range(_ROUNDS):
        labels = probabilities.argmax(axis=1)
        gains, others = _gains_of_others(labels, probabilities.shape[1], scan)
        surely = gains > _SURELY
        if not surely.any():
            break
        probabilities = moved(probabilities, labels, others, surely)
    return moved(probabilities, labels, others, expit(gains - _SURELY))


def _gains_of_others(
    labels: np.ndarray, n_domains: int, scan: Scan
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the likeliest other domain explains more than the own, and which.

    Dim patterns are left out of their domain, for which they would speak themselves.
    """
    here, members = np.arange(len(labels)), np.eye(n_domains, dtype=np.float32)[labels]
    for _ in range(_SEEN):
        told = (scan.patterns @ _logarithms(members, scan).T).astype(float)
        told = scan.neighbourhood.pooled_alike(told, labels)
        whole, *parts = told.reshape(len(labels), -1, n_domains).transpose(1, 0, 2)
        dim = np.max(parts, axis=0)
        is_whole = (whole >= dim)[here, labels]
        members = members * is_whole[:, np.newaxis]
    own = np.maximum(dim, whole)[here, labels]
    dim[here, labels] = -np.inf
    others = dim.argmax(axis=1)
    return dim[here, others] - own, others


def _logarithms(members: np.ndarray, scan: Scan) -> np.ndarray:
    """Return logarithms of the shares of cells in their rings, 0 in the direct beam.

    Of each part of the spots of each domain, (n_parts * n_domains, n_cells), whose mean
    patterns are those of their members, (n_positions, n_domains).
    """
    rings = scan.nuisances.rings
    cells = np.flatnonzero(rings >= 0)
    ring = rings[cells]
    even = 1 / np.bincount(ring)[ring]
    patterns = (members.T @ scan.patterns)[:, cells].astype(float)
    patterns += 1e-3 * scan.patterns.mean(axis=0, dtype=float)[cells]
    totals = np.stack([np.bincount(ring, pattern)[ring] for pattern in patterns])
    spots = patterns / np.maximum(totals, 1e-30)
    parts = np.array([_WHOLE, *_DIM])[:, np.newaxis, np.newaxis]
    result = np.zeros((len(parts), len(spots), len(rings)), np.float32)
    result[..., cells] = np.log(parts * spots + (1 - parts) * even + 1e-9)
    return result.reshape(-1, len(rings))
