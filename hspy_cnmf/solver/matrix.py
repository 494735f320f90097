r"""One matrix: the rings that crystals and the matrix share are the matrix's.

A factorisation is unchanged, but for non-negativity, where some of one pattern is taken
out of another and goes to its own map instead. Crystals that lie in a matrix everywhere
are therefore found with any share of its rings; the share meant is none.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hspy_cnmf.constraints.ring_quantiles import halves, ring_medians
from hspy_cnmf.constraints.rings import Rings, beam_rings, rings_beside_stop
from hspy_cnmf.solver.amorphous import STRUCTURE, amorphous, off_rings
from hspy_cnmf.solver.exchange import exchanged
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.ghosts import exchanged_by
from hspy_cnmf.solver.ring_shares import (
    MISFIT,
    OVERDRAWN,
    between_spots,
    cone,
    misfit,
    taken,
)
from hspy_cnmf.solver.substrates import held_and_found

#: A ring whose mean is at most so many times its median is without spots, whose skirts
#: would lift the median, too. Where rings are no multiples of the matrix's, wide skirts
#: may be the reason, and rings must have less of them.
_NEARLY_PLAIN, _PLAIN = 1.2, 1.05

#: Where no crystal has enough such rings, so much of the first misfit is no skirts.
_OWN = 0.05

#: Share of the square norm of the matrix's rings that such rings of a crystal must have
#: for the crystal to tell whether it is in a matrix.
_TELLING = 0.25

#: A crystal that has no more of the matrix does not tell whether others are in it.
_TRACE = 0.01

#: Pixels of the second ring about a centre that is not masked, at most.
_CENTRAL = 16

#: Smaller rings do not count there: one spot may cover half of them.
_FEWEST_PIXELS = 12


@dataclass(frozen=True)
class Matrix:
    r"""What it takes to tell the matrix from the crystals in it.

    Parameters
    ----------
    rings : Rings
        Rings of the pixels that take part.
    pixel_scale : numpy.ndarray or None, shape (n_pixels,)
        Times this, a factor is in the units of the data.
    held : Held
        Components whose factor stays: nothing is taken out of it. If the map of the
        matrix is one that stays, nothing is done.
    n_beam : int, default 0
        How many of the innermost rings the direct beam fills. It is in all patterns
        alike and tells nothing of a phase.
    even : numpy.ndarray, optional, shape (n_positions,)
        The map of what is the same at all positions. Default: ones.

    Notes
    -----
    .. math:: X \approx w_0 h_0 + \sum_c w_c h_c
        = w_0 \bigl(h_0 + \sum_c a_c h_c\bigr) + \sum_c (w_c - a_c w_0) h_c

    for any :math:`a_c`: nothing but non-negativity limits them. The matrix is the one
    component whose pattern is its rings (the median of each ring, for at least 0.9 of
    its square norm, and for 0.97 but for noise, if there are several), and
    :math:`a_c` is the median, weighted by the rings of the matrix, of the ratio of ring
    medians of :math:`w_c` to those of :math:`w_0`: the largest of which no ring is left
    but noise. Where several components are nothing but rings, :math:`w_0` is the
    mixture of them that is nearest to the crystal's rings.

    Nothing is done where there is no such component, and where the rings of the
    crystals are no multiples of the matrix's, as then they are the crystals' own. Rings
    in which a crystal has spots, whose skirts lift the median, do not count for it, if
    enough others are left. If no crystal has enough, and they are no multiples, nobody
    can tell: then the lower decile is taken out, which non-negativity allows.

    Where nothing would be taken out, spots may cover most of the rings. What is between
    them a floor has filled, but not in patterns of least squares, with their signs. If
    lower quartiles of their rings are nearer to multiples than medians are, the lower
    decile of the ratios of these quartiles is taken out.

    Rings that crystals hold of the matrix leave room for holes: before they are taken
    out, what crystals lack of each other is put back; see `hspy_cnmf.solver.ghosts`.

    At the end, crystals whose whole pattern others hold go to their own maps; see
    `hspy_cnmf.solver.substrates`.
    """

    rings: Rings
    pixel_scale: np.ndarray | None = None
    held: Held = field(default_factory=Held)
    n_beam: int = 0
    even: np.ndarray | None = None

    @classmethod
    def of_mean(
        cls,
        rings: Rings,
        mean_pattern: np.ndarray,
        pixel_scale: np.ndarray | None = None,
        held: Held | None = None,
        beside_stop: bool = False,
    ) -> "Matrix":
        """Return what leaves out the direct beam of a mean pattern, (n_pixels,).

        The pattern is in the units of factors. Where a mask leaves no ring at the
        centre there is no beam, but for what is left of it beside a stop.
        """
        n_beam, sizes = 0, np.diff(rings.edges)
        scale = 1 if pixel_scale is None else pixel_scale
        profile = rings.means(mean_pattern * scale)
        if (sizes[1:2] <= _CENTRAL).all():
            n_beam = beam_rings(profile)
        elif beside_stop:
            n_beam = rings_beside_stop(profile)
        return cls(rings, pixel_scale, Held() if held is None else held, n_beam)

    def __call__(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        signed: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return factors and loadings with the matrix in one component.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, n_pixels)
            Each of unit sum in the units of the data, or zero.
        loadings : numpy.ndarray, shape (n, n_positions)
        signed : callable, optional
            Returns patterns of least squares, (n, n_pixels), with their signs, of maps.

        Returns
        -------
        factors, loadings : numpy.ndarray
            Their product is the same but for what non-negativity clips. The very same
            objects where there is nothing to be done.
        """
        both = self._out_of_matrix(factors, loadings, signed)
        held, _ = self._held_and_found(*both)
        return self._exchanged(*both, -held, both[1] is not loadings)

    def _out_of_matrix(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        signed: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return factors and loadings where no crystal has rings of the matrix."""
        amounts = self._ghosts(factors, loadings)
        both = self._exchanged(factors, loadings, amounts)
        shares = self.shares(*both, signed)
        return self._exchanged(*both, -shares, both[1] is not loadings)

    def amorphous(self, factors: np.ndarray, loadings: np.ndarray) -> np.ndarray:
        """Return which patterns are nothing but rings, (n,).

        See `hspy_cnmf.solver.amorphous.amorphous`.
        """
        patterns = self._without_beam(factors)
        return amorphous(patterns, loadings, self.rings, self._all_sizes, self._sizes)

    def like_rings(self, factors: np.ndarray, limit: float = STRUCTURE) -> np.ndarray:
        """Return which patterns have less than a share of their squares off rings."""
        off, square_norm = off_rings(self._without_beam(factors), self.rings)[1:]
        return (off < limit * square_norm) & (square_norm > 0)

    def _phases(
        self, factors: np.ndarray, loadings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which patterns are amorphous, and which crystals may change, (n,)."""
        is_amorphous = self.amorphous(factors, loadings)
        may_change = factors.any(axis=1) & ~self.held.factors(len(factors))
        return is_amorphous, may_change & ~is_amorphous

    def _ghosts(self, factors: np.ndarray, loadings: np.ndarray) -> np.ndarray:
        """Return what crystals in a matrix lack of each other's patterns, (n, n)."""
        amounts = np.zeros((len(factors), len(factors)))
        is_amorphous, free = self._phases(factors, loadings)
        free &= loadings.any(axis=1) & ~self.held.loadings(len(factors))
        if is_amorphous.any() and np.count_nonzero(free) > 1:
            patterns = self._without_beam(factors[free])
            between = exchanged_by(patterns, loadings[free], self.rings)
            amounts[np.ix_(free, free)] = between
        return amounts

    def told_of_substrates(
        self, factors: np.ndarray, loadings: np.ndarray
    ) -> dict[str, list[int]]:
        """Return of how many others each pattern is taken out, and in how many left."""
        pure = self._out_of_matrix(factors, loadings)
        taken, found = self._held_and_found(*pure)
        numbers = {"taken_out": taken > 0, "left_in": (found > 0) & ~(taken > 0)}
        return {name: which.sum(axis=0).tolist() for name, which in numbers.items()}

    def _held_and_found(
        self, factors: np.ndarray, loadings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how much crystals hold of the pattern of one they lie on, (n, n).

        What is to be taken out, and what was found.
        """
        is_amorphous, free = self._phases(factors, loadings)
        even = np.ones(loadings.shape[1]) if self.even is None else self.even
        patterns = self.in_units_of_the_data(factors)
        taken, found = held_and_found(
            patterns, loadings, even, self.rings, self.n_beam, ~is_amorphous
        )
        takes_up = ~self.held.loadings(len(factors))
        return taken * np.outer(free, takes_up), found

    def _exchanged(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        amounts: np.ndarray,
        is_own: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return patterns with some of others added, whose maps have less of theirs."""
        known = self.held.factors(len(factors))
        return exchanged(factors, loadings, amounts, self.pixel_scale, known, is_own)

    def shares(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        signed: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return how much of each pattern is in each other one, (n, n).

        Zero but for amorphous patterns in crystals, and everywhere where nothing is to
        be taken out. See `__call__` for the parameters.
        """
        shares = np.zeros((len(factors), len(factors)))
        is_amorphous, crystals = self._phases(factors, loadings)
        takes_nothing_up = is_amorphous & self.held.loadings(len(factors))
        if not is_amorphous.any() or not crystals.any() or takes_nothing_up.any():
            return shares
        patterns = self.in_units_of_the_data(factors)
        both = patterns[is_amorphous], patterns[crystals]
        found = self._in_rings(*both)
        if found is None and signed is not None:
            patterns = self.in_units_of_the_data(signed(loadings))
            both = patterns[is_amorphous], patterns[crystals]
            found = between_spots(*both, self.rings, self._halves, self._sizes)
        if found is not None:
            shares[np.ix_(crystals, is_amorphous)] = found
        return shares

    def _in_rings(
        self, amorphous: np.ndarray, crystals: np.ndarray
    ) -> np.ndarray | None:
        """Return shares of amorphous patterns in the rings of crystals.

        None where these are no multiples: rings are the crystals' own, or spots'.
        """
        rings, levels = self.medians(amorphous), self.medians(crystals)
        before = 0.0
        for limit in (_NEARLY_PLAIN, _PLAIN):
            plain = self._without_spots(crystals, levels, rings, limit)
            counted = plain | ~plain.any(axis=1, keepdims=True)
            own = self.cone(levels, rings, counted)
            fitted = own @ rings
            plain &= own.sum(axis=1, keepdims=True) > _TRACE
            tells = plain.any()
            contradict = self.misfit(crystals, fitted, plain if tells else 1)
            if contradict < MISFIT or not tells:
                break
            before = contradict
        if contradict >= MISFIT and (tells or before >= _OWN):
            return None
        fraction = 0.5 if contradict < MISFIT else OVERDRAWN
        return taken(levels, own, fitted, self._all_sizes * counted, fraction)

    def room_for(self, factor: np.ndarray, other: np.ndarray) -> float:
        """Return how much of one pattern's rings those of another leave room for."""
        both = self.medians(self.in_units_of_the_data(np.stack([other, factor])))
        levels, one = np.split(both, 2), np.ones((1, 1))
        share = taken(levels[0], one, levels[1], self._all_sizes, OVERDRAWN)
        return float(share[0, 0])

    def medians(self, patterns: np.ndarray) -> np.ndarray:
        """Return the median of each ring, (n, n_rings)."""
        return ring_medians(patterns, self.rings.order, self.rings.edges)

    @cached_property
    def _all_sizes(self) -> np.ndarray:
        """Pixels of each ring, none of the direct beam, (n_rings,)."""
        sizes = np.diff(self.rings.edges)
        sizes[: self.n_beam] = 0
        return sizes

    @cached_property
    def _sizes(self) -> np.ndarray:
        """The same, none of the smaller rings, either."""
        return np.where(self._all_sizes < _FEWEST_PIXELS, 0, self._all_sizes)

    @cached_property
    def _halves(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Order and edges of two halves of the pixels."""
        return halves(self.rings)

    def _without_spots(
        self, patterns: np.ndarray, levels: np.ndarray, rings: np.ndarray, limit: float
    ) -> np.ndarray:
        """Return which rings of crystals tell whether these are in a matrix.

        They are those without spots, bool of shape (n, n_rings); none of a crystal that
        has too few of them.
        """
        plain = self.rings.means(patterns) <= limit * levels
        squares = np.square(rings).sum(axis=0) * self._sizes
        tells = plain @ squares >= _TELLING * squares.sum()
        return plain & tells[:, np.newaxis]

    def cone(
        self, levels: np.ndarray, rings: np.ndarray, counted: np.ndarray | int = 1
    ) -> np.ndarray:
        """Return shares of rings, not negative, that come nearest to levels."""
        return cone(levels, rings, self._sizes * counted)

    def misfit(
        self, patterns: np.ndarray, fitted: np.ndarray, counted: np.ndarray | int = 1
    ) -> float:
        """Return how much of the square norm of rings is not what is fitted to them."""
        one, other = (ring_medians(patterns, *half) for half in self._halves)
        return misfit(one, other, fitted, self._sizes * counted)

    def _without_beam(self, factors: np.ndarray) -> np.ndarray:
        """Return the same where the direct beam is not."""
        return self.in_units_of_the_data(factors) * (self.rings.label >= self.n_beam)

    def in_units_of_the_data(self, factors: np.ndarray) -> np.ndarray:
        """Return factors as patterns in double precision, (n, n_pixels)."""
        patterns = factors.astype(np.float64)
        return patterns if self.pixel_scale is None else patterns * self.pixel_scale
