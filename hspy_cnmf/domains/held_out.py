"""The likelihood of held-out electrons, by which maps of domains are judged."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import SLOPES, Nuisances

#: Electrons' share that maps are made from; the rest judges them.
TRAINED = 0.8

#: Positions that a structure's prior counts for.
_PRIOR = 200.0

#: Rounds of fitting structures and envelopes, and steps of the envelopes in each.
_ROUNDS, _STEPS = 3, 2

#: Limits of the variance of a nuisance, and where it begins.
_VARIANCE, _FIRST_VARIANCE = (1e-4, 4.0), 0.05

#: Largest change of a nuisance in one step, and largest logarithm of an envelope.
_LARGEST_STEP, _LARGEST = 1.0, 8.0

#: Standard errors by which something explains held-out electrons surely better.
SURE = 3.0


def thinned(
    patterns: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return electrons of patterns parted at random, to train on and held out.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_cells)
        Electrons; parts of them are rounded at random.
    generator : numpy.random.Generator

    Returns
    -------
    train, test : numpy.ndarray of float32, shape (n, n_cells)

    Notes
    -----
    Parts of Poisson counts are independent Poisson counts.
    """
    whole = np.floor(patterns)
    counts = whole + (generator.random(patterns.shape) < patterns - whole)
    train = generator.binomial(counts.astype(np.int64), TRAINED)
    return train.astype(np.float32), (counts - train).astype(np.float32)


def surplus(one: np.ndarray, other: np.ndarray) -> float:
    """Return by how many standard errors one score is above another."""
    difference = one - other
    error = np.sqrt(len(difference)) * difference.std()
    return float(difference.sum() / max(error, 1e-9)) if difference.any() else 0.0


@dataclass(frozen=True, eq=False)
class Judge:
    """Held-out electrons and what maps of domains may explain them by.

    Parameters
    ----------
    train, test : numpy.ndarray, shape (n, n_cells)
        Patterns of some positions, from `thinned`.
    neighbourhood : Neighbourhood
        Of these positions.
    nuisances : Nuisances
    """

    train: np.ndarray
    test: np.ndarray
    neighbourhood: Neighbourhood
    nuisances: Nuisances

    def likelihood(
        self, labels: np.ndarray, patterns: np.ndarray, turns: np.ndarray
    ) -> np.ndarray:
        r"""Return the log-likelihood of each position's held-out electrons.

        Parameters
        ----------
        labels : numpy.ndarray of int, shape (n,)
            Domain of each position.
        patterns : numpy.ndarray, shape (n_domains, n_cells)
            Of the domains, before these counts are seen.
        turns : numpy.ndarray of int, shape (n,)
            By how many azimuths each position's pattern is turned.

        Returns
        -------
        numpy.ndarray, shape (n,)

        Notes
        -----
        Patterns of a domain have one structure, under an envelope and a shift of each
        position's own, which neighbours of one label mostly share. Structure and
        envelopes are fitted to the electrons to train on by turns, with priors of
        variances that are fitted too. The likelihood is multinomial. Where domains
        without any envelope explain more, those count.
        """
        train, test = (
            self.nuisances.turned_back(part, turns) for part in (self.train, self.test)
        )
        plain = structures_of(labels, patterns, train)
        rates = plain / plain.sum(axis=1, keepdims=True)
        best = (test * np.log(rates)[labels]).sum(axis=1)
        if len(self.nuisances.terms):
            bent = _Bent.fit(self, labels, plain, train).log_rates()
            bent = (test * bent).sum(axis=1, dtype=float)
            best = max(best, bent, key=np.sum)
        return best

    @cached_property
    def rigid(self) -> "Judge":
        """The same without envelopes and shifts."""
        terms = self.nuisances.terms[:0]
        return replace(self, nuisances=replace(self.nuisances, terms=terms))

    def bending(self, labels: np.ndarray, patterns: np.ndarray) -> float:
        """Return the variance of the slopes of envelopes, 0 of polar patterns.

        Thickness changes envelopes too, but without a slope.
        """
        if not len(self.nuisances.terms) or self.nuisances.azimuths:
            return 0.0
        plain = structures_of(labels, patterns, self.train)
        variances = _Bent.fit(self, labels, plain, self.train).variances
        return float(variances[SLOPES].mean())


@dataclass(frozen=True, eq=False)
class Explanation:
    """What domains explain held-out electrons by.

    Parameters
    ----------
    judge : Judge
    labels, turns : numpy.ndarray of int, shape (n,)
    patterns : numpy.ndarray, shape (n_domains, n_cells)
        See `Judge.likelihood`.
    """

    judge: Judge
    labels: np.ndarray
    patterns: np.ndarray
    turns: np.ndarray
    _found: dict = field(default_factory=dict, init=False, repr=False)

    @property
    def likelihood(self) -> np.ndarray:
        """The log-likelihood of each position's held-out electrons, (n,)."""
        return self.likelihood_by(self.judge)

    def likelihood_by(self, judge: Judge) -> np.ndarray:
        """Return that of the electrons that another judge holds out, found once."""
        if judge not in self._found:
            given = self.labels, self.patterns, self.turns
            self._found[judge] = judge.likelihood(*given)
        return self._found[judge]

    def joined(self, one: int, other: int) -> "Explanation":
        """Return the same with one domain instead of two, turned onto each other.

        It has the smaller number of both, and what comes after the larger moves up.
        """
        one, other = sorted((one, other))
        nuisances = self.judge.nuisances
        turn = nuisances.turns(self.patterns[[other]], self.patterns[one])
        (back,) = nuisances.turned_back(self.patterns[[other]], turn)
        sizes = [(self.labels == k).sum() + 1e-12 for k in (one, other)]
        patterns = self.patterns.copy()
        patterns[one] = np.average([patterns[one], back], axis=0, weights=sizes)
        own = self.labels == other
        labels = np.where(own, one, self.labels)
        return Explanation(
            self.judge,
            labels - (labels > other),
            np.delete(patterns, other, axis=0),
            np.where(own, self.turns + turn, self.turns),
        )

    def alike(self, n_pairs: int) -> list[tuple[int, int]]:
        """Return pairs of domains that differ least, at most so many."""
        electrons = float(self.judge.train.sum(axis=1, dtype=float).mean())
        distances = self.judge.nuisances.distances(self.patterns, electrons)
        sizes = np.bincount(self.labels, minlength=len(self.patterns))
        losses = distances * np.minimum(sizes, sizes[:, np.newaxis])
        ones, others = np.triu_indices(len(sizes), 1)
        order = np.argsort(losses[ones, others], kind="stable")[:n_pairs]
        return [(int(ones[i]), int(others[i])) for i in order]


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
class _Bent:
    """Structures of domains and the envelope of every position."""

    judge: Judge
    labels: np.ndarray
    train: np.ndarray
    spots: np.ndarray
    envelopes: np.ndarray
    variances: np.ndarray

    @classmethod
    def fit(
        cls, judge: Judge, labels: np.ndarray, plain: np.ndarray, train: np.ndarray
    ) -> "_Bent":
        """Fit structures and envelopes by turns."""
        spots = judge.nuisances.spots(plain).astype(np.float32)
        n = judge.nuisances.changes(spots[:1]).shape[1]
        first = np.full(n, _FIRST_VARIANCE)
        bent = cls(judge, labels, train, spots, np.zeros((len(labels), n)), first)
        prior = spots.copy()
        for _ in range(_ROUNDS):
            changes = judge.nuisances.changes(bent.spots)
            for _ in range(_STEPS):
                bent._step(changes)
            bent._update(changes, prior)
        return bent

    def log_rates(self) -> np.ndarray:
        """Return the logarithm of expected shares of the cells, (n, n_cells)."""
        changes = self.judge.nuisances.changes(self.spots)
        result = np.empty(self.train.shape)
        for k in np.unique(self.labels):
            own = self.labels == k
            rates = self.spots[k] * self._factors(own, changes[k])
            rates += self.judge.nuisances.background
            result[own] = np.log(rates / rates.sum(axis=1, keepdims=True))
        return result

    def _factors(self, own: np.ndarray, changes: np.ndarray) -> np.ndarray:
        """Return the envelopes of some positions, (n, n_cells)."""
        logarithms = self.envelopes[own].astype(np.float32) @ changes
        return np.exp(np.clip(logarithms, -_LARGEST, _LARGEST))

    def _step(self, changes: np.ndarray) -> None:
        """Take a Newton step of the envelopes, neighbours' information added."""
        n = self.envelopes.shape[1]
        first, second = np.triu_indices(n)
        told = np.empty((len(self.labels), n + len(first)))
        for k in np.unique(self.labels):
            own = self.labels == k
            told[own] = self._information(own, k, changes[k])
        told = self.judge.neighbourhood.pooled_alike(told, self.labels)
        precision = np.empty((len(told), n, n))
        precision[:, first, second] = precision[:, second, first] = told[:, n:]
        covariance = np.linalg.inv(precision + np.diag(1 / self.variances))
        found = np.matmul(covariance, told[:, :n, np.newaxis])[..., 0]
        step = np.clip(found - self.envelopes, -_LARGEST_STEP, _LARGEST_STEP)
        self.envelopes = self.envelopes + step
        squares = self.envelopes**2 + np.einsum("nkk->nk", covariance)
        self.variances = np.clip(squares.mean(axis=0), *_VARIANCE)

    def _information(self, own: np.ndarray, k: int, changes: np.ndarray) -> np.ndarray:
        """Return what counts tell of envelopes: precision times mean, and precision."""
        train = self.train[own]
        bright = self.spots[k] * self._factors(own, changes)
        model = bright + self.judge.nuisances.background
        scale = train.sum(axis=1, keepdims=True) / model.sum(axis=1, keepdims=True)
        # Nothing is divided by the scale, which is 0 where there are no counts.
        gradient = (bright * (train / model - scale)) @ changes.T
        first, second = np.triu_indices(len(changes))
        told = scale * bright**2 / model
        precision = told @ (changes[first] * changes[second]).T
        square = np.empty((len(train), len(changes), len(changes)))
        square[:, first, second] = square[:, second, first] = precision
        mean = np.matmul(square, self.envelopes[own][..., None])[..., 0] + gradient
        return np.concatenate([mean, precision], axis=1)

    def _update(self, changes: np.ndarray, prior: np.ndarray) -> None:
        """Update the structures as Richardson (1972) and Lucy (1974) do."""
        for k in np.unique(self.labels):
            own = self.labels == k
            factors = self._factors(own, changes[k])
            model = self.spots[k] * factors + self.judge.nuisances.background
            train = self.train[own]
            scale = train.sum(axis=1, keepdims=True) / model.sum(axis=1, keepdims=True)
            explained = (train / model * factors).sum(axis=0)
            explained += _PRIOR * prior[k] / self.spots[k]
            expected = (scale * factors).sum(axis=0) + _PRIOR
            self.spots[k] *= explained / expected
