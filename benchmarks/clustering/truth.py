"""Which crystal a component of a decomposition is, and how well groups agree."""

import numpy as np
from scipy.optimize import nnls

from benchmarks.likeness import correlations, unit

#: Part of a map's variance that crystals have to explain.
EXPLAINED = 0.4


def components_of_crystals(maps, truth, explained=EXPLAINED):
    """Return what each component is, where the true maps are crystals in a matrix.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n, rows, columns)
        Maps of the components.
    truth : hspy_cnmf.data.Truth
        Its component 0 is the matrix.
    explained : float, default 0.4
        A component belongs to a family if crystals explain this part of its map's
        variance, and one family has more than half of what they explain.

    Returns
    -------
    families : numpy.ndarray of int, shape (n,)
        0 for amorphous components.
    largest : numpy.ndarray, shape (n,)
        Orientation of the crystal that the component is most of, in degrees.
    mean : numpy.ndarray, shape (n,)
        Mean orientation of the family's crystals in it, weighted by their intensity:
        where there are fewer components than crystals, they share.
    purity : numpy.ndarray, shape (n,)
        Part of the largest crystal in what all crystals explain, in [0, 1].

    Notes
    -----
    Each map is fitted by the true maps of the crystals and a constant, without
    negative coefficients. What a crystal explains is the sum of squares of its map
    times that of its coefficient. A matrix component whose map rises a little at
    precipitates of several families is thereby amorphous.
    """
    crystals = truth.loadings.data[1:].reshape(len(truth.families) - 1, -1)
    basis = unit(np.concatenate([crystals, np.ones((1, crystals.shape[1]))])).T
    turns = np.exp(2j * np.deg2rad(truth.orientations[1:]))
    rows = []
    for values in unit(maps.reshape(len(maps), -1)):
        coefficients, residual = nnls(basis, values)
        energy = coefficients[:-1] ** 2
        by_family = np.bincount(truth.families[1:], energy)
        total = max(energy.sum(), 1e-30)
        part = 1 - residual**2 / ((values - values.mean()) ** 2).sum()
        is_crystal = part > explained and by_family.max() > total / 2
        share = coefficients[:-1] * (truth.families[1:] == by_family.argmax())
        intensity = share * np.linalg.norm(crystals, axis=1)
        rows.append(
            (
                by_family.argmax() if is_crystal else 0,
                truth.orientations[1:][share.argmax()],
                np.rad2deg(np.angle((intensity * turns).sum())) / 2,
                share.max() ** 2 / total,
            )
        )
    families, *others = np.transpose(rows)
    return families.astype(int), *others


def components_of_grains(maps, truth, explained=None):
    """Return the same for maps that fill the scan: the most alike true map decides."""
    true = truth.loadings.data.reshape(len(truth.families), -1)
    alike = correlations(maps.reshape(len(maps), -1), true)
    grains = alike.argmax(axis=1)
    turns = truth.orientations[grains]
    return truth.families[grains], turns, turns, alike.max(axis=1)


def adjusted_rand(true, found, weights):
    """Return the adjusted Rand index, a pair counting by the product of its weights.

    Parameters
    ----------
    true, found : numpy.ndarray of int, shape (n,)
        Two partitions.
    weights : numpy.ndarray, shape (n,)
        Of the items; all the same for the usual index.

    Returns
    -------
    float
        1 for equal partitions, 0 on average for random ones.
    """
    true, found = (np.unique(x, return_inverse=True)[1] for x in (true, found))
    sums, squares = np.zeros((2, true.max() + 1, found.max() + 1))
    np.add.at(sums, (true, found), weights)
    np.add.at(squares, (true, found), weights**2)

    def pairs(axis=()):
        return ((sums.sum(axis) ** 2 - squares.sum(axis)) / 2).sum()

    together, of_true, of_found, every = pairs(), pairs(1), pairs(0), pairs((0, 1))
    expected = of_true * of_found / every
    most = (of_true + of_found) / 2
    if np.isclose(most, expected, rtol=1e-12):
        return 1.0
    return float((together - expected) / (most - expected))


def majority(families, labels, weights):
    """Return the family that most of the weight of each group belongs to."""
    table = np.zeros((labels.max() + 1, families.max() + 1))
    np.add.at(table, (labels, families), weights)
    return table.argmax(axis=1)


def turn_errors(case, clusters, orientations):
    """Return by how many degrees each member's rotation in its group is wrong.

    Parameters
    ----------
    case : Case
        What was clustered.
    clusters : hspy_cnmf.DiffractionClusters
        What was found.
    orientations : numpy.ndarray, shape (n,)
        True ones of the components, modulo 180 degrees.

    Returns
    -------
    errors : numpy.ndarray, shape (n,)
        NaN for the heaviest member of each group, which is not turned, for amorphous
        components, and where the two are of different families.
    purity : numpy.ndarray, shape (n,)
        Smaller one of the purities of the member and of the heaviest.
    """
    labels, rotation = clusters.labels.data, clusters.member_rotation.data
    errors, purity = np.full((2, len(labels)), np.nan)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        heaviest = members[clusters.components.weights[members].argmax()]
        purity[members] = np.minimum(case.purity[members], case.purity[heaviest])
        same = members[case.families[members] == case.families[heaviest]]
        same = same[(case.families[same] > 0) & (same != heaviest)]
        apart = rotation[same] - orientations[heaviest] + orientations[same]
        errors[same] = abs((apart + 90) % 180 - 90)
    return errors, purity
