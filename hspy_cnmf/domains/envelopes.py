"""Structures of domains, under an envelope of intensities of every position's own."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances

#: Positions that a structure's prior counts for.
_PRIOR = 200.0

#: Newton steps of the envelopes.
_STEPS = 4

#: Limits of the variance of a nuisance, and where it begins.
_VARIANCE, _FIRST_VARIANCE = (1e-4, 4.0), 0.05

#: Largest change of a nuisance in one step, and largest logarithm of an envelope.
_LARGEST_STEP, _LARGEST = 1.0, 8.0


def structures_of(
    labels: np.ndarray, patterns: np.ndarray, train: np.ndarray
) -> np.ndarray:
    """Return mean patterns of domains under a prior, (n_domains, n_cells)."""
    electrons = train.sum(axis=1, dtype=float).mean()
    prior = patterns + 1e-5 * patterns.mean()
    prior = prior * (electrons / prior.sum(axis=1, keepdims=True))
    members = np.eye(len(patterns))[labels]
    sums = members.T @ train
    return (sums + _PRIOR * prior) / (members.sum(axis=0)[:, None] + _PRIOR)


@dataclass(eq=False)
class Envelopes:
    """Structures of domains, and an envelope and a shift of every position.

    Neighbours of one label mostly share these. They are fitted to the electrons to
    train on, and the variances of their priors are, too.
    """

    #: Patterns that they are fitted to, (n, n_cells), and their domains, (n,).
    train: np.ndarray
    labels: np.ndarray
    #: Of the structures, above the background, (n_domains, n_cells).
    spots: np.ndarray
    neighbourhood: Neighbourhood
    nuisances: Nuisances
    envelopes: np.ndarray  #: (n, n_nuisances)
    variances: np.ndarray  #: Of what neighbours share, (n_nuisances,).
    jitters: np.ndarray  #: Variances of a position's own shift, besides.

    @classmethod
    def fit(
        cls,
        train: np.ndarray,
        labels: np.ndarray,
        plain: np.ndarray,
        neighbourhood: Neighbourhood,
        nuisances: Nuisances,
    ) -> "Envelopes":
        """Fit envelopes to structures that are plain means of domains."""
        spots = nuisances.spots(plain).astype(np.float32)
        n = nuisances.changes(spots[:1]).shape[1]
        first = np.zeros((len(labels), n)), np.full(n, _FIRST_VARIANCE)
        jitters = np.full(n - len(nuisances.terms), _FIRST_VARIANCE)
        bent = cls(train, labels, spots, neighbourhood, nuisances, *first, jitters)
        for _ in range(_STEPS):
            bent._step()
        return bent

    @cached_property
    def changes(self) -> np.ndarray:
        """What a unit of each nuisance adds to logarithms of spots; see `Nuisances`."""
        return self.nuisances.changes(self.spots)

    @cached_property
    def members(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Positions of each domain that has any, and their patterns."""
        own = {k: np.flatnonzero(self.labels == k) for k in np.unique(self.labels)}
        return {k: (index, self.train[index]) for k, index in own.items()}

    def rates(self) -> np.ndarray:
        """Return the expected shares of the cells, (n, n_cells)."""
        result = np.empty(self.train.shape, np.float32)
        for k, (own, _) in self.members.items():
            rates = self._factors(own, k) * self.spots[k]
            rates += self.nuisances.background
            rates /= rates.sum(axis=1, keepdims=True)
            result[own] = rates
        return result

    def _factors(self, own: np.ndarray, k: int) -> np.ndarray:
        """Return envelopes of positions of a domain, (n, n_cells)."""
        logarithms = self.envelopes[own].astype(np.float32) @ self.changes[k]
        np.clip(logarithms, -_LARGEST, _LARGEST, out=logarithms)
        return np.exp(logarithms, out=logarithms)

    def _step(self) -> None:
        """Take a Newton step of the envelopes.

        What neighbours share is told by the information of all of them. A shift may
        jitter beside, as descan does; a bend or a thickness that did would explain a
        crystal in a film as the film. Steps are shortened whole: nuisances are
        correlated, and a part of a step may lead away.
        """
        n = self.envelopes.shape[1]
        told = np.empty((len(self.labels), n + n * (n + 1) // 2))
        for k in self.members:
            told[self.members[k][0]] = self._information(k)
        around = self.neighbourhood.pooled_alike(told, self.labels)
        found, errors = _posterior(*_parts(around, n), self.variances)
        self.variances = np.clip((found**2 + errors).mean(axis=0), *_VARIANCE)
        shifts = slice(len(self.nuisances.terms), None)
        mean, precision = _parts(told, n)
        left = mean - np.matmul(precision, found[..., np.newaxis])[..., 0]
        own = left[:, shifts], precision[:, shifts, shifts]
        jitter, errors = _posterior(*own, self.jitters)
        self.jitters = np.clip((jitter**2 + errors).mean(axis=0), *_VARIANCE)
        found[:, shifts] += jitter
        step = found - self.envelopes
        largest = np.abs(step).max(axis=1, keepdims=True)
        self.envelopes += step * np.minimum(1, _LARGEST_STEP / (largest + 1e-9))

    def _information(self, k: int) -> np.ndarray:
        """Return what counts tell of envelopes: precision times mean, and precision."""
        (own, train), changes = self.members[k], self.changes[k]
        bright = self._factors(own, k) * self.spots[k]
        part = bright + self.nuisances.background
        scale = train.sum(axis=1, keepdims=True) / part.sum(axis=1, keepdims=True)
        np.divide(bright, part, out=part)
        # Nothing is divided by the scale, which is 0 where there are no counts.
        gradient = (part * train) @ changes.T - scale * (bright @ changes.T)
        first, second = np.triu_indices(len(changes))
        part *= bright
        precision = scale * (part @ (changes[first] * changes[second]).T)
        square = np.empty((len(own), len(changes), len(changes)))
        square[:, first, second] = square[:, second, first] = precision
        mean = np.matmul(square, self.envelopes[own][..., None])[..., 0] + gradient
        return np.concatenate([mean, precision], axis=1)


def _parts(told: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is told of n nuisances: precision times mean, and precision."""
    first, second = np.triu_indices(n)
    precision = np.empty((len(told), n, n))
    precision[:, first, second] = precision[:, second, first] = told[:, n:]
    return told[:, :n], precision


def _posterior(
    mean: np.ndarray, precision: np.ndarray, prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and variances of nuisances under a prior of these variances."""
    covariance = np.linalg.inv(precision + np.diag(1 / prior))
    found = np.matmul(covariance, mean[..., np.newaxis])[..., 0]
    return found, np.einsum("nkk->nk", covariance)
