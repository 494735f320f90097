"""A floor of rings, as far as the data bear it out.

Overlapping discs of a convergent probe fill rings that are nothing diffuse: a floor
raises the dim ones among them to the mean, and components cannot describe the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hspy_cnmf.constraints import RingFloor
from hspy_cnmf.constraints.several import each, first_of
from hspy_cnmf.solver.configuring import matrix_of
from hspy_cnmf.solver.following import Followed, follow
from hspy_cnmf.solver.left_over import left_over
from hspy_cnmf.solver.problem import Problem


def follow_with_floor_borne_out(
    problem: Problem, seeds: list[int], progress: Callable[[int], object]
) -> tuple[Problem, Followed]:
    """Run the starts, and again without a floor that the data contradict.

    They do where most components look like rings and leave over a pattern that is
    strong beside the weakest of them, as many without constraints leave over noise, and
    without the floor nothing is left over. Not where there surely is a matrix: without
    a floor it would have holes, and crystals are described less well for it.

    Parameters
    ----------
    problem : Problem
        A floor that is not tentative stays; where there is no sketch, any does.
    seeds, progress
        See `hspy_cnmf.solver.following.follow`.

    Returns
    -------
    problem : Problem
        The very same, or without a floor.
    followed : Followed
        What its starts ended with. ``floor_left_out`` is told where it is, and
        ``most_like_rings`` where it stays though most patterns look like its rings.
    """
    followed = follow(problem, seeds, progress)
    without = without_tentative_floor(problem)
    if without is problem or not _may_be_discs(problem, followed):
        return problem, followed
    if not _misses(problem, followed):
        followed.told["most_like_rings"] = True
        return problem, followed
    again = follow(without, seeds, lambda n: None)
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
            "most patterns look like rings, as overlapping discs do under the "
            "automatic floor: if nothing is amorphous, try factor_constraint=None and "
            "matrix=None"
        )
    if not parameters.get("floor_left_out"):
        return ""
    return (
        "rings are not filled by diffuse scattering but by spots or discs, or have "
        "another centre: with the automatic floor of rings components left over a "
        "strong pattern, so that patterns are without the floor, and no matrix was "
        "taken out of them"
    )


def _may_be_discs(problem: Problem, followed: Followed) -> bool:
    """Return whether the patterns of the best start look like discs under a floor."""
    matrix = matrix_of(problem.asking(matrix="auto"))
    factors = followed.states[followed.best].factors
    return matrix is not None and matrix.are_mostly_rings(factors)


def _misses(problem: Problem, followed: Followed) -> bool:
    """Return whether the best start leaves over what as many could explain."""
    if problem.sketch is None:
        return False
    best = followed.states[followed.best]
    return left_over(problem.sketch, best.factors, best.loadings).is_of_constraints
