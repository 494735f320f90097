"""What is to be factorised: the data, what is asked for, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.each_alone import EachAlone
from hspy_cnmf.device.arrays import Constant, namespace
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.coarse import CoarseScan
from hspy_cnmf.solver.fixed import Fixed, fixed_of
from hspy_cnmf.solver.resolution import changed

#: A constraint as iterations apply it to a stack, or None.
Projection = Callable[[np.ndarray], np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Problem:
    """What a run works on.

    Parameters
    ----------
    operator : StreamedOperator or CoarseScan
        The (weighted) data.
    estimator : hspy_cnmf.ConstrainedNMF
        Resolved.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by. Constraints see factors and loadings
        in the units of the data.
    sketch : LowRankOperator or None
        Of the same data: where starts begin, and what they leave over, is found on it.
    fixed : Fixed
        Components that are known, divided like the data.
    on_data : bool, default False
        Whether iterations work on the data although there is a sketch.
    """

    operator: StreamedOperator | CoarseScan
    estimator: BaseEstimator
    scales: Scales
    sketch: LowRankOperator | None
    fixed: Fixed
    on_data: bool = False

    @classmethod
    def of(
        cls,
        operator: StreamedOperator,
        estimator: BaseEstimator,
        scales: Scales = (None, None),
        sketch: LowRankOperator | None = None,
        on_data: bool = False,
    ) -> Problem:
        """Return a problem with the components that the estimator fixes.

        Raises
        ------
        TypeError, ValueError
            If what is fixed does not make sense.
        """
        given = fixed_of(estimator, operator.keep_positions, operator.keep_pixels)
        return cls(operator, estimator, scales, sketch, given.divided(*scales), on_data)

    @property
    def iterated(self) -> LowRankOperator | None:
        """The sketch that iterations work on; None if that is the data."""
        return None if self.on_data else self.sketch

    @property
    def source(self) -> StreamedOperator | LowRankOperator:
        """What iterations work on, without progress bars."""
        if self.iterated is not None:
            return self.iterated
        return self.data.silent()

    @property
    def data(self) -> StreamedOperator:
        """The operator, of a problem that is not one of coarse maps."""
        assert not isinstance(self.operator, CoarseScan)
        return self.operator

    def asking(self, **parameters: Any) -> Problem:
        """Return the problem with other parameters of the estimator."""
        return replace(self, estimator=changed(self.estimator, **parameters))

    def on_factors(self, constraint: Any) -> Projection:
        """Return a constraint on factors as it is on those of the divided data."""
        ready = prepare(constraint, self.operator.keep_pixels, "factor_constraint")
        return _in_units_of_the_data(ready, self.scales[1])

    def on_loadings(self, constraint: Any) -> Projection:
        """Return a constraint on maps as it is on those of the divided data."""
        keep = self.operator.keep_positions
        ready = prepare(constraint, keep, "loading_constraint")
        return _in_units_of_the_data(ready, self.scales[0])


def _in_units_of_the_data(project: Projection, scale: np.ndarray | None) -> Projection:
    """Return a constraint on what was divided by a scale, as it is on the data."""
    if project is None or scale is None:
        return project
    constant, on_data = Constant(scale), project

    def apply(stack: np.ndarray) -> np.ndarray:
        own = constant.beside(stack).astype(stack.dtype)
        result = on_data(stack * own)
        result /= own  # another copy would be large
        return result

    def each(stack: np.ndarray, result: np.ndarray, first: int) -> np.ndarray:
        assert isinstance(on_data, EachAlone)
        own = constant.beside(stack).astype(stack.dtype)
        namespace(stack).multiply(stack, own, out=result)
        on_data.function(result, result, first)
        result /= own
        return result

    return EachAlone(each) if isinstance(project, EachAlone) else apply
