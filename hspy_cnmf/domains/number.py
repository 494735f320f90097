"""The number of domains, from what each further one explains."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.domains.held_out import SURE, surplus

#: Gains of a further domain that are small: part of all, and in log-likelihood.
_LEAST_GAIN, _SMALL = 0.01, 10.0

#: Part of all gains from which on a further domain says something.
_SAYS_SOMETHING = 0.02

#: Divisions whose gains differ by less than this factor explain alike.
ALIKE = 1.05


@dataclass(frozen=True, eq=False)
class Gains:
    """What the second and each further domain explains of the electrons held out.

    Parameters
    ----------
    gains : numpy.ndarray, shape (n,)
        Log-likelihood above that of fewer domains, 0 or more.
    errors : numpy.ndarray, shape (n,)
        The same in standard errors, below 0 where less is explained.
    """

    gains: np.ndarray
    errors: np.ndarray

    @classmethod
    def of(cls, scores: list[np.ndarray], most: int) -> "Gains":
        """Return the gains of 2, 3, ... domains with these scores.

        Parameters
        ----------
        scores : list of numpy.ndarray, shape (n_judged,)
            See `hspy_cnmf.domains.division.Division`.
        most : int
            The largest number that is looked for.
        """
        gains, errors = np.zeros(most), np.zeros(most)
        best = np.zeros_like(scores[0])
        for i, score in enumerate(scores):
            gains[i] = max((score - best).sum(dtype=float), 0.0)
            errors[i] = surplus(score, best)
            best = score if gains[i] > 0 else best
        return cls(gains, errors)

    @property
    def total(self) -> float:
        """What all domains explain together."""
        return float(self.gains.sum())

    @property
    def number(self) -> int:
        """The number after which the next domain adds least in proportion."""
        logarithms = np.log(self.gains + max(_LEAST_GAIN * self.total, _SMALL))
        return 2 + int(np.argmax(logarithms[:-1] - logarithms[1:]))

    @property
    def largest(self) -> int:
        """The last number that surely explains more than fewer do, 2 or more."""
        says = (self.gains >= _SAYS_SOMETHING * self.total) & (self.errors >= SURE)
        return 2 + int(np.flatnonzero(says).max(initial=0))


def likely(chosen: Gains, found: list[Gains]) -> tuple[int, int]:
    """Return the least and the largest number of domains that may be right.

    Numbers are those of all that explain as much, and the last of the chosen one that
    surely explains more.
    """
    alike = [
        gains.number
        for gains in found
        if chosen.total / ALIKE <= gains.total <= chosen.total * ALIKE
    ]
    numbers = [chosen.number, chosen.largest, *alike]
    return min(numbers), max(numbers)
