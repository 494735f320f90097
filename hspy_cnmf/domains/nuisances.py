"""What patterns of one structure differ by, and how unlike structures are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.constraints.rings import beam_rings

#: Pixels of reduced patterns by which one nuisance unit shifts them, and the largest
#: change of a logarithm that a shift explains.
_SHIFT, _LARGEST_SHIFT = 0.3, 1.5

#: Quantile of a ring that is between its spots.
_BETWEEN_SPOTS = 0.25

#: Part of all rings that a direct beam fills at most: spots are in what is wider.
_WIDEST_BEAM = 0.2

#: Patterns of a run, neighbours mostly, whose mean shows the background, and the
#: largest number of runs.
_RUN, _RUNS = 32, 2000

#: Least part of a pattern that is spots, not background.
_LEAST_SPOTS = 0.02

#: Steps of Gauss and Newton towards what two patterns differ by.
_STEPS = 2

#: Terms of the logarithm of an envelope of spots.
_N_TERMS = 9

#: Largest logarithm of the ratio of two envelopes.
_LARGEST_RATIO = 16.0


@dataclass(frozen=True, eq=False)
class Nuisances:
    r"""What patterns of one structure may differ by, and the background they share.

    Bending and thickness of a crystal change the excitation error of every spot, which
    multiplies intensities by an envelope :math:`\exp(-(s_g t)^2 / 2 \sigma^2)`; as
    :math:`s_g = -\lambda g^2 / 2 - g \cdot \theta`, its logarithm is a polynomial of
    the scattering vector. The direct beam is as bright as a crystal of a thickness
    leaves it. Descan shifts patterns, to first order by the gradient of their
    logarithm.
    """

    covered: np.ndarray  #: Cells that take part, (rows, columns).
    #: Of the logarithm of an envelope of the spots' intensities, and of the direct
    #: beam's, which is one of them here, (n_terms, n_cells).
    terms: np.ndarray
    background: np.ndarray  #: In electrons, (n_cells,).
    #: Number of azimuths where patterns are polar, (radius, azimuth).
    azimuths: int | None = None

    @classmethod
    def of(
        cls,
        patterns: np.ndarray,
        covered: np.ndarray,
        *,
        is_polar: bool,
        tilt_invariant: bool,
    ) -> "Nuisances":
        """Return the nuisances of reduced patterns, shape (n, n_cells)."""
        azimuths = covered.shape[1] if is_polar else None
        runs = _runs(patterns)
        if not tilt_invariant:
            terms = np.zeros((0, patterns.shape[1]), np.float32)
            background = 1e-6 * runs.mean(axis=0) + 1e-9
            return cls(covered, terms, background.astype(np.float32), azimuths)
        x, y, radii = _places(covered.shape, is_polar)
        areas = radii[covered] + 0.5 if is_polar else np.ones(covered.sum())
        around, is_beam = _around_rings(runs / areas, radii[covered].round())
        background = np.minimum(around * areas, (1 - _LEAST_SPOTS) * runs.mean(axis=0))
        terms = _terms(x, y)[:, covered]
        if is_beam.any():
            terms = np.concatenate([terms, is_beam[np.newaxis]])
        background = background.astype(np.float32)
        return cls(covered, terms.astype(np.float32), background, azimuths)

    @cached_property
    def rings(self) -> np.ndarray:
        """Ring of each cell about the centre, -1 in the direct beam, (n_cells,)."""
        _, _, radii = _places(self.covered.shape, bool(self.azimuths))
        is_beam = self.terms[_N_TERMS:].any(axis=0)
        return np.where(is_beam, -1, radii[self.covered].round().astype(int))

    def spots(self, patterns: np.ndarray) -> np.ndarray:
        """Return what patterns, in electrons, have above the background."""
        patterns = np.maximum(patterns, 1e-12)
        return np.maximum(patterns - self.background, _LEAST_SPOTS * patterns)

    def changes(self, spots: np.ndarray) -> np.ndarray:
        """Return what a unit of each nuisance adds to the logarithms of spots.

        Of spots, (n, n_cells), it is (n, n_nuisances, n_cells).
        """
        terms = np.broadcast_to(self.terms, (len(spots), *self.terms.shape))
        if not len(self.terms) or self.azimuths:
            return terms
        images = np.empty((len(spots), *self.covered.shape), np.float32)
        logarithms = np.log(spots)
        images[:] = np.median(logarithms, axis=1)[:, np.newaxis, np.newaxis]
        images[:, self.covered] = logarithms
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
        along_columns = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
        along_rows = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
        shifts = np.stack([along_columns, along_rows], axis=1)[:, :, self.covered]
        shifts = np.clip(-_SHIFT * shifts, -_LARGEST_SHIFT, _LARGEST_SHIFT)
        return np.concatenate([terms, shifts], axis=1)

    def distances(self, patterns: np.ndarray, electrons: float) -> np.ndarray:
        r"""Return how badly a common structure explains each two patterns.

        Of patterns, (n, n_cells), of so many electrons, turned to fit each other best
        where they are polar: logarithms of likelihoods, (n, n), symmetric, 0 on the
        diagonal.

        Of patterns :math:`p, q` of unit sum with spots :math:`s, t` above a background
        :math:`b` is sought what is left if both have the spots :math:`c` in common, and
        differ by nuisances :math:`e` alone,

        .. math:: N \sum_i \big[ D(p_i, c_i r_i + b_i) + D(q_i, c_i / r_i + b_i) \big]
            + |e|^2 / 4, \quad r_i = \exp \sum_k e_k \phi_{ki} / 2, \quad
            c_i = \frac{s_i + t_i}{r_i + 1 / r_i},

        with the Poisson divergence :math:`D(p, m) = p \log(p / m) - p + m`; 1/4, not
        1/2, as :math:`e` is the difference of two nuisances of unit variance. Square
        roots of counts have one variance, so that Gauss and Newton's steps are those of
        the difference of both patterns' roots.
        """
        spots = self.spots(patterns).astype(np.float32)
        changes, background = self.changes(spots), self.background + np.float32(1e-9)
        distances = np.zeros((len(spots),) * 2)
        for i, own in enumerate(spots[:-1]):
            others = spots[i + 1 :]
            others = self.turned_back(others, self.turns(others, own))
            pairs = np.stack(np.broadcast_arrays(own, others))
            both = (changes[i] + changes[i + 1 :]) / 2  # shifts change each another way
            losses = _losses_in_common(pairs, both, background, float(electrons))
            distances[i, i + 1 :] = distances[i + 1 :, i] = np.maximum(losses, 0)
        return distances

    def turns(self, patterns: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return by how many azimuths patterns are turned against a reference, (n,)."""
        if not self.azimuths:
            return np.zeros(len(patterns), int)
        shape = (-1, self.azimuths)
        spectra = np.fft.rfft(np.sqrt(patterns).reshape(len(patterns), *shape))
        own = np.fft.rfft(np.sqrt(reference).reshape(shape))
        products = (spectra * own.conj()).sum(axis=1)
        return np.fft.irfft(products, self.azimuths).argmax(axis=1)

    def turned_back(self, patterns: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """Return patterns, (n, n_cells), turned back by so many azimuths."""
        if not self.azimuths or not turns.any():
            return patterns
        images = patterns.reshape(len(patterns), -1, self.azimuths)
        columns = (np.arange(self.azimuths) + turns[:, np.newaxis]) % self.azimuths
        turned = np.take_along_axis(images, columns[:, np.newaxis], axis=2)
        return turned.reshape(patterns.shape)


def _runs(patterns: np.ndarray) -> np.ndarray:
    """Return means of neighbouring patterns, scaled to one total, (n_runs, n_cells)."""
    n_runs = max(1, min(_RUNS, len(patterns) // _RUN))
    first = np.linspace(0, max(0, len(patterns) - _RUN), n_runs).astype(int)
    means = np.stack([patterns[i : i + _RUN].mean(axis=0, dtype=float) for i in first])
    totals = means.sum(axis=1, keepdims=True)
    return means * (totals.mean() / np.maximum(totals, 1e-9))


def _places(shape: tuple[int, int], is_polar: bool) -> tuple[np.ndarray, ...]:
    """Return x and y of cells, 1 at the last of a row, and radii in cells."""
    if is_polar:
        radii, azimuths = np.indices(shape)
        angles = azimuths * (2 * np.pi / shape[1])
        reach, x, y = shape[0] - 1.0, radii * np.cos(angles), radii * np.sin(angles)
    else:
        y, x = np.indices(shape) - (np.reshape(shape, (2, 1, 1)) - 1) / 2
        reach, radii = (max(shape) - 1) / 2, np.hypot(x, y)
    return x / reach, y / reach, radii


def _around_rings(runs: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what is all around the rings of most patterns, and where the beam is.

    Diffuse scattering has rotational symmetry, and spots take up a part of a ring
    only. Background that is taken for spots would be bent with the crystal. Where there
    is a direct beam, the background is that of the ring beside. Both (n_cells,).
    """
    radii, ring = np.unique(radii, return_inverse=True)
    around = [
        np.median(np.quantile(runs[:, ring == k], _BETWEEN_SPOTS, axis=1))
        for k in range(len(radii))
    ]
    level = np.array(around)
    n_beam = beam_rings(level)
    if radii[0] > 1 or n_beam > _WIDEST_BEAM * len(level):  # masked, or no beam
        n_beam = 0
    level[:n_beam] = np.minimum(level[:n_beam], level[n_beam])
    return level[ring], ring < n_beam


def _terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the terms of the logarithm of an envelope at places, (9, *shape)."""
    square = x * x + y * y
    terms = [np.ones(x.shape), x, y, square, x * x - y * y, 2 * x * y]
    return np.stack([*terms, square * x, square * y, square * square])


def _losses_in_common(
    spots: np.ndarray, changes: np.ndarray, background: np.ndarray, electrons: float
) -> np.ndarray:
    """Return what is lost if pairs of patterns have one structure, (n_pairs,).

    The spots of both are of shape (2, n_pairs, n_cells).
    """
    totals = (spots + background).sum(axis=2, keepdims=True)
    spots, background = spots / totals, background / totals
    patterns = spots + background
    found = np.zeros((*changes.shape[:2], 1), changes.dtype)
    prior = np.eye(changes.shape[1], dtype=changes.dtype) / (4 * electrons)
    for _ in range(_STEPS):
        bright = _in_common(spots, changes, found)
        roots = np.sqrt(bright + background)
        slopes = changes * (bright / roots).sum(axis=0)[:, np.newaxis] / 4
        one, other = np.sqrt(patterns) - roots
        gradient = slopes @ (one - other)[..., np.newaxis] - prior @ found
        found += np.linalg.solve(slopes @ slopes.transpose(0, 2, 1) + prior, gradient)
    model = _in_common(spots, changes, found) + background
    divergence = patterns * np.log(patterns / model) - patterns + model
    return electrons * divergence.sum(axis=(0, 2)) + (found**2).sum(axis=(1, 2)) / 4


def _in_common(
    spots: np.ndarray, changes: np.ndarray, nuisances: np.ndarray
) -> np.ndarray:
    """Return spots of pairs, (2, n_pairs, n_cells), as if they had one structure."""
    ratio = (nuisances * changes).sum(axis=1)
    root = np.exp(np.clip(ratio, -_LARGEST_RATIO, _LARGEST_RATIO) / 2)
    envelopes = np.stack([root, 1 / root])
    return spots.sum(axis=0) / envelopes.sum(axis=0) * envelopes
