"""The factorisation as an estimator in the style of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver.factorise import factorise
from hspy_cnmf.solver.half_steps import nonnegative_least_squares
from hspy_cnmf.solver.iteration import gram
from hspy_cnmf.solver.result import Result


class ConstrainedNMF(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Non-negative matrix factorisation with constraints on factors and loadings.

    Works by itself on arrays, positions x pixels, and as the ``algorithm`` of a
    HyperSpy signal's ``decomposition``.

    Parameters
    ----------
    n_components : int or None, default None
        Number of components. None: as many as positions or pixels, whichever are
        fewer; through a signal it must be given.
    factor_constraint : constraint, callable, list of them or None, default None
        What a diffraction pattern is known to look like; see
        `hspy_cnmf.constraints`. Through a signal also "auto".
    loading_constraint : constraint, callable or None, default None
        The same for maps.
    solver : {"hals", "als"}, default "hals"
        Half step; see `hspy_cnmf.solver.half_steps`.
    n_init : int, default 10
        Number of starts, of which the one of lowest error is kept. With `prune`, one
        that has become a copy of a better one ends.
    max_iter : int, default 500
        Largest number of iterations of each start.
    tol : float, default 1e-4
        A start has converged when factors and loadings both change by less than this
        fraction of their L1 norm in an iteration.
    init : {"auto", "pure", "random"} or array_like, default "auto"
        Where to start. "random": uniform random loadings. "pure": the purest positions,
        the first time those of successive projection, then drawn ones; see
        `hspy_cnmf.solver.pure_positions`. "auto": the two in turn. Or given loadings,
        shape (n_components, n_positions), from which there is one start whatever
        `n_init`.
    prune : bool, default True
        Replace components that explain no more than noise, every 25 iterations and
        when a start has converged, by what the others explain worst; leave them empty
        (zero, the last ones) where that is noise, too. So `n_components` may be larger
        than what the data hold. False keeps whatever the iterations lead to, and runs
        all starts to their ends, as the published algorithm does; see
        `hspy_cnmf.solver.revision` and `hspy_cnmf.solver.copies`.
    matrix : "auto" or None, default "auto"
        "auto" takes the rings that crystals share with an amorphous phase out of their
        patterns, into its map, where a factor constraint says where the rings are; see
        `hspy_cnmf.solver.matrix`. None leaves patterns as the iterations end.
    fixed_factors : array_like or None, default None
        Known patterns, such as an amorphous one, that stay as they are while all else
        is found: those of the first components, which count among `n_components`.
        Shape (n, *factor_shape); their scale does not matter, as factors have unit sum
        and loadings hold the counts. NaN only where masked. Neither constraints nor
        pruning change them. Through a signal also patterns as a signal, or a
        decomposed signal, whose calibration must be the same.
    fixed_loadings : array_like or None, default None
        The same for maps, shape (n, *loading_shape), of the components that come next;
        their scale is found.
    volume_weight : float or "auto", default 0.0
        Weight of the volume between the factors, 0 to 1e6, in units of what a component
        of noise explains: among solutions of nearly the same error it favours the one
        whose factors are nearest to the data. Of use where noise is low (20 on a
        remote sensing scene); it makes faint components vanish where it is not. "auto":
        20 where the error is no higher for it than by what one more component would
        explain, and by a quarter of what the faintest does, else 0; see
        `hspy_cnmf.solver.smallest_volume`. Through a signal, that is the default for
        spectra.
    compression : "auto", int or None, default "auto"
        Rank of the sketch that iterations work on; "auto" is
        ``max(64, 4 * n_components)``, or no sketch where that would save little. None
        reads the data in every iteration.
    device : {"auto", "cpu", "gpu"}, default "auto"
        Where iterations on a sketch run. "auto": on a GPU where there is one, CuPy is
        installed and the sketch is large enough to gain, with the same results but for
        rounding. `Result.parameters` has the one that was taken.
    random_state : int, numpy.random.Generator, RandomState or None, default None
        Seed of sketch and starts.
    factor_shape, loading_shape : tuple of int, optional
        Shape of a pattern and of a map, for constraints that need images; default
        flat. Through a signal they are known.

    Attributes
    ----------
    components_ : numpy.ndarray, shape (n_components, n_pixels)
        Factors, each of unit sum.
    reconstruction_err_ : float
        Frobenius norm of what the factorisation leaves of the data.
    n_iter_ : int
        Number of iterations of the best start.
    result_ : Result
        Everything else.

    Notes
    -----
    Minimises :math:`\|X - H^T W\|_F^2` with :math:`W, H \geq 0` by alternating half
    steps, applying the constraints after each (Kimoto et al., Sci. Rep. 2025, doi
    10.1038/s41598-025-23541-7, steps 1 to 9).

    Examples
    --------
    >>> import numpy as np
    >>> from hspy_cnmf import ConstrainedNMF
    >>> X = np.random.default_rng(0).random((50, 3)) @ np.eye(3, 20)
    >>> loadings = ConstrainedNMF(n_components=3, random_state=0).fit_transform(X)
    >>> loadings.shape
    (50, 3)
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        factor_constraint: Any = None,
        loading_constraint: Any = None,
        solver: str = "hals",
        n_init: int = 10,
        max_iter: int = 500,
        tol: float = 1e-4,
        init: str | ArrayLike = "auto",
        prune: bool = True,
        matrix: str | None = "auto",
        fixed_factors: Any = None,
        fixed_loadings: Any = None,
        volume_weight: float | str = 0.0,
        compression: int | str | None = "auto",
        device: str = "auto",
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        factor_shape: tuple[int, ...] | None = None,
        loading_shape: tuple[int, ...] | None = None,
    ) -> None:
        # Whatever a user has set, until `resolve` has checked it.
        self.n_components: Any = n_components
        self.factor_constraint = factor_constraint
        self.loading_constraint = loading_constraint
        self.solver = solver
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.init = init
        self.prune = prune
        self.matrix = matrix
        self.fixed_factors = fixed_factors
        self.fixed_loadings = fixed_loadings
        self.volume_weight = volume_weight
        self.compression: Any = compression
        self.device = device
        self.random_state: Any = random_state
        self.factor_shape = factor_shape
        self.loading_shape = loading_shape

    def fit(self, X: ArrayLike, y: None = None) -> ConstrainedNMF:
        """Factorise data.

        Parameters
        ----------
        X : array_like, shape (n_positions, n_pixels)
            Non-negative data.
        y : None
            Ignored.

        Returns
        -------
        ConstrainedNMF
            This object.

        Raises
        ------
        ValueError
            If the data are negative, not finite or not a matrix, or a parameter does
            not fit them.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: ArrayLike, y: None = None) -> np.ndarray:
        """Factorise data and return the loadings, shape (n_positions, n_components).

        See `fit` for parameters and errors.
        """
        X = self._validate(X, reset=True)
        operator = StreamedOperator(
            X.reshape(
                *_image_shape(self.loading_shape, X.shape[0], "loading_shape"),
                *_image_shape(self.factor_shape, X.shape[1], "factor_shape"),
            ),
            np.ones(self.loading_shape or X.shape[0], dtype=bool),
            np.ones(self.factor_shape or X.shape[1], dtype=bool),
        )
        self._store(factorise(operator, self))
        return self.result_.loadings.T

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the loadings of data for the fitted factors.

        Parameters
        ----------
        X : array_like, shape (n_positions, n_pixels)
            Non-negative data, with the pixels that were fitted.

        Returns
        -------
        numpy.ndarray, shape (n_positions, n_components)
            Non-negative least squares. The positions may be any, so the constraint on
            loadings does not apply.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        operator = StreamedOperator(
            X, np.ones(X.shape[0], dtype=bool), np.ones(X.shape[1], dtype=bool)
        )
        factors = self.components_.astype(operator.dtype)
        loadings = nonnegative_least_squares(
            operator.images(factors),
            gram(factors),
            np.zeros((len(factors), X.shape[0]), operator.dtype),
        )
        return loadings.T

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return the data that loadings, shape (n_positions, n_components), stand for.

        Returns
        -------
        numpy.ndarray, shape (n_positions, n_pixels)
        """
        check_is_fitted(self)
        return np.asarray(X) @ self.components_

    def _validate(self, X: ArrayLike, reset: bool) -> np.ndarray:
        X = validate_data(
            self,
            X,
            reset=reset,
            dtype=(np.float64, np.float32),
            ensure_min_samples=2 if reset else 1,
        )
        data = np.asarray(X)
        if data.min() < 0:
            raise ValueError(
                f"Negative values in data passed to {type(self).__name__} (the lowest "
                f"is {data.min():.6g}): clip them, or subtract the background "
                "otherwise."
            )
        return data

    def _store(self, result: Result) -> None:
        self.result_ = result
        self.n_features_in_ = result.factors.shape[1]
        self.components_ = result.factors
        self.n_iter_ = int(result.n_iter[result.best])
        n_values = result.factors.shape[1] * result.loadings.shape[1]
        self.reconstruction_err_ = float(np.sqrt(result.error * n_values))

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _image_shape(
    shape: tuple[int, ...] | None, size: int, name: str
) -> tuple[int, ...]:
    if shape is None:
        return (size,)
    if np.prod(shape) != size:
        raise ValueError(
            f"{name}={shape} has {np.prod(shape)} elements, but the data have {size}."
        )
    return tuple(shape)
