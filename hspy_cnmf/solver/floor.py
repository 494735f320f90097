"""A floor of rings, and a matrix with rings, as far as the data bear them out.

Overlapping discs of a convergent probe fill rings that are nothing diffuse: a floor
raises the dim ones among them to the mean, patterns that look like rings are taken for
a matrix, and components cannot describe the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.several import each, first_of
from hspy_cnmf.solver.amorphous import PURE, STRUCTURE
from hspy_cnmf.solver.configuring import matrix_of
from hspy_cnmf.solver.following import Followed, follow
from hspy_cnmf.solver.left_over import left_over
from hspy_cnmf.solver.problem import Problem

#: A specimen has hardly more amorphous films than these.
_MOST_FILMS = 2


def follow_with_floor_borne_out(
    problem: Problem, seeds: list[int], progress: Callable[[int], object]
) -> tuple[Problem, Followed]:
    """Run the starts, and again without what the data contradict.

    Where most components look like rings, three or more, these are no matrix, and
    starts run again without one. Without a floor they run where half of the components
    or more look like rings and leave over a pattern that is strong beside the weakest
    of them, as many without constraints leave over noise, and without the floor nothing
    is left over. Not where there surely is a matrix: without a floor it would have
    holes, and crystals are described less well for it.

    Parameters
    ----------
    problem : Problem
        A floor that is not tentative stays; where there is no sketch, any does.
    seeds, progress
        See `hspy_cnmf.solver.following.follow`.

    Returns
    -------
    problem : Problem
        The very same, or without a floor or a matrix.
    followed : Followed
        What its starts ended with. ``floor_left_out`` is told where it is, and
        ``most_like_rings`` where it stays though two patterns or more, and half of all,
        look like its rings.
    """
    followed = follow(problem, seeds, progress)
    like_rings = _LikeRings.of(problem, followed)
    if problem.estimator.matrix is not None and like_rings.are_no_matrix:
        problem = problem.asking(matrix=None)
        followed = _follow_discs(problem, seeds)
        like_rings = _LikeRings.of(problem, followed)
    without = without_tentative_floor(problem)
    if without is problem:
        return problem, followed
    if not (like_rings.may_be_discs and _misses(problem, followed)):
        is_open = problem.estimator.matrix is not None or like_rings.may_be_discs
        followed.told["most_like_rings"] = is_open and like_rings.are_half
        return problem, followed
    again = _follow_discs(without, seeds)
    if _misses(without, again):
        return problem, followed
    again.told["floor_left_out"] = True
    return without, again


def without_tentative_floor(problem: Problem) -> Problem:
    """Return a problem without its automatic floor; the very same if it has none."""
    constraint = problem.estimator.factor_constraint
    floor = first_of(constraint, RingFloor)
    if floor is None or not floor.tentative:
        return problem
    others = each(lambda c: None if c is floor else c, constraint)
    return problem.asking(factor_constraint=others)


def note_of(parameters: dict[str, Any]) -> str:
    """Return what the parameters of a result say of a floor, in words."""
    if parameters.get("most_like_rings"):
        return (
            "half of the patterns or more look like rings, as overlapping discs do "
            "under the automatic floor: if nothing is amorphous, try "
            "factor_constraint=None and matrix=None"
        )
    if not parameters.get("floor_left_out"):
        return ""
    return (
        "rings are not filled by diffuse scattering but by spots or discs, or have "
        "another centre: with the automatic floor of rings components left over a "
        "strong pattern, so that patterns are without the floor, and no matrix was "
        "taken out of them"
    )


def _follow_discs(problem: Problem, seeds: list[int]) -> Followed:
    """Run the starts again, without progress to be told, of discs that overlap."""
    return follow(problem, seeds, lambda n: None, share_pixels=True)


class _LikeRings(NamedTuple):
    """How many patterns of the best start look like rings, do not, and purely do."""

    n: int
    n_others: int
    n_pure: int

    @classmethod
    def of(cls, problem: Problem, followed: Followed) -> _LikeRings:
        """Count them; none where there are no rings."""
        factors = followed.states[followed.best].factors
        n_found = int(np.count_nonzero(factors.any(axis=1)))
        matrix = matrix_of(problem.asking(matrix="auto"))
        if matrix is None:
            return cls(0, n_found, 0)
        n, n_pure = (
            int(np.count_nonzero(matrix.like_rings(factors, limit)))
            for limit in (STRUCTURE, PURE)
        )
        return cls(n, n_found - n, n_pure)

    @property
    def are_no_matrix(self) -> bool:
        """Whether they are too many for films."""
        return self.n > max(self.n_others, _MOST_FILMS)

    @property
    def are_half(self) -> bool:
        """Whether they are several, and half of all, as films rarely are."""
        return self.n > 1 and self.n >= self.n_others

    @property
    def may_be_discs(self) -> bool:
        """Whether they may be discs under a floor.

        Where there is a matrix most others do not look like rings, or it does purely.
        """
        return (self.n > self.n_others or self.are_half) and not self.n_pure


def _misses(problem: Problem, followed: Followed) -> bool:
    """Return whether the best start leaves over what as many could explain."""
    if problem.sketch is None:
        return False
    best = followed.states[followed.best]
    return left_over(problem.sketch, best.factors, best.loadings).is_of_constraints
