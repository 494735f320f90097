"""One answer from many divisions: matched labels, probabilities and agreement."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import linear_sum_assignment

from hspy_cnmf.domains.division import ALL, PART, Division
from hspy_cnmf.domains.held_out import SURE, Judge, surplus
from hspy_cnmf.domains.regrouping import alternatives

#: Share of the positions from which on divisions that differ there are others.
_MANY = 0.02

#: Standard errors by which a division explains less and still may be right.
_AS_MUCH = 2.0

#: How often repeats are matched to their mean.
_MATCHES = 3


@dataclass(frozen=True, eq=False)
class Repeats:
    """Divisions of a scan that were made by repeats, in some ways."""

    divisions: list[Division]
    #: Others, which may be right too: one of each way, of one parting of the electrons.
    tried: list[Division] = field(default_factory=list)

    @cached_property
    def judges(self) -> list[Judge]:
        """Those of the partings of the electrons, each once."""
        return list(dict.fromkeys(d.judge for d in self.divisions))

    def score(self, division: Division) -> np.ndarray:
        """Return what a division explains in the mean over all partings, (n_judged,).

        One parting holds out few electrons, so that what divisions of two partings
        explain would differ by chance. Labels of all electrons explain those of every
        parting too well, as they have seen them: by as much (their optimism, Efron
        1986, J. Am. Stat. Assoc. 81, 461) as they explain the division's own parting
        better than labels that have not.
        """
        optimism = division.likelihood(row=ALL) - division.likelihood()
        found = [division.likelihood(judge, ALL) for judge in self.judges]
        return np.mean(found, axis=0) - optimism

    @cached_property
    def best(self) -> Division:
        """The one that explains held-out electrons best."""
        found = *self.divisions, *self.tried
        return max(found, key=lambda division: self.score(division).sum())

    def behind(self, division: Division) -> float:
        """Return by how many errors a division explains less than the best."""
        return surplus(self.score(self.best), self.score(division))

    @cached_property
    def kept(self) -> list[Division]:
        """Those that do not explain held-out electrons surely worse than the best."""
        return [d for d in self.divisions if self.behind(d) < SURE]

    @cached_property
    def likely(self) -> list[Division]:
        """All that may be right: repeats, one of each way, and a rival, if any."""
        found = [*self.divisions]
        found += [d for d in self.tried if d not in self.divisions]
        if self.rival and not self.best.judge.nuisances.azimuths:
            found.append(self.rival)  # merges of turned parts that are undone are none
        return found

    @cached_property
    def posteriors(self) -> np.ndarray:
        """Matched probabilities of all that may be right, (n, positions, n_domains)."""
        return matched([d.posterior for d in self.likely])

    @cached_property
    def weights(self) -> np.ndarray:
        """How much each of them counts: less where it explains less, in errors."""
        behind = np.array([self.behind(d) for d in self.likely])
        return np.exp(-(np.maximum(behind, 0) ** 2) / 2)

    @property
    def probabilities(self) -> np.ndarray:
        """Their mean by how much each counts, (n_positions, n_domains)."""
        return np.average(self.posteriors, axis=0, weights=self.weights)

    @cached_property
    def difference(self) -> float:
        """Share of the positions that others which may be right label another way.

        Their mean by how much each counts; that of all repeats where none of them
        explains as much, as then what explains most is not found again.
        """
        if not self.kept:
            return float(np.mean([changed(self.best, d) for d in self.divisions]))
        shares = [changed(self.best, d) for d in self.likely]
        return float(np.average(shares, weights=self.weights))

    @cached_property
    def rival(self) -> Division | None:
        """The best division of which domains are parted and others joined.

        None where it surely explains less. Where bending is described badly, or one
        grain is bent to what another is, parts of a domain differ as domains do.
        """
        found = alternatives(self.best)
        others = [d for d in found if changed(self.best, d) >= _MANY]
        best = max(others, key=lambda division: division.explained, default=None)
        return best if best and self.behind(best) < _AS_MUCH else None

    @cached_property
    def agreement(self) -> np.ndarray:
        """Share of the repeats kept, if any, that give a position its commonest label.

        Where another way surely explains more than all of them, none is kept.
        """
        return agreement(matched([d.posterior for d in self.kept or self.divisions]))

    @cached_property
    def evidence(self) -> float:
        """Standard errors by which domains explain more than one.

        That of the mean over partings of the electrons, with the best of each.
        """
        best: dict = {}
        for division in self.divisions:
            best.setdefault(division.judge, []).append(division.score)
        mean = np.mean([max(scores, key=np.sum) for scores in best.values()], axis=0)
        return surplus(mean)

    @property
    def consistency(self) -> float:
        """Mean of the agreement over positions."""
        return float(self.agreement.mean())


def changed(one: Division, other: Division) -> float:
    """Return the share of the positions that two divisions label another way."""
    n_domains = one.posterior.shape[1]
    counts = np.zeros((n_domains, n_domains))
    np.add.at(counts, (one.labels[PART], other.labels[PART]), 1)
    return 1 - counts[np.arange(n_domains), partners(counts)].sum() / counts.sum()


def partners(overlap: np.ndarray) -> np.ndarray:
    """Return which of the others each domain is, by what they share (Kuhn 1955)."""
    return linear_sum_assignment(overlap, maximize=True)[1]


def matched(posteriors: list[np.ndarray]) -> np.ndarray:
    """Return posteriors, (n_repeats, n_positions, n_domains), with classes alike.

    Each repeat numbers them as it happened. The first reference is the one that agrees
    best with all others, then their mean.
    """
    stack = np.asarray(posteriors)
    overlaps = np.einsum("anj,bnk->abjk", stack, stack, optimize=True)
    shared = [
        [o[np.arange(len(o)), partners(o)].sum() for o in row] for row in overlaps
    ]
    reference = stack[np.argmax(np.sum(shared, axis=1))]
    for _ in range(_MATCHES):
        stack = np.stack([one[:, partners(reference.T @ one)] for one in stack])
        reference = stack.mean(axis=0)
    return stack


def agreement(posteriors: np.ndarray) -> np.ndarray:
    """Return the share of repeats that give each position its commonest class."""
    votes = posteriors.argmax(axis=2)
    counts = np.stack([(votes == k).mean(axis=0) for k in range(posteriors.shape[2])])
    return counts.max(axis=0)
