"""A sketch that is kept: saved, loaded, and compared with the data it is used for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from hspy_cnmf.operators.fit import Fit
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.low_rank import LowRankOperator
from hspy_cnmf.operators.sketch_file import read_arrays, write_arrays
from hspy_cnmf.operators.streamed import StreamedOperator
from hspy_cnmf.operators.weights import WEIGHTS, Weights, noise_scales
from hspy_cnmf.whole_file import writable_path

#: Written into files; raised when their content changes.
_FORMAT = 4

#: How many patterns are read to see that a sketch is one of the data.
_N_SAMPLES = 5


@dataclass(frozen=True, eq=False)
class Sketch:
    """A low-rank approximation of a scan, and what tells which scan it is.

    `hspy_cnmf.make_sketch` makes one; the argument ``sketch`` of ``decomposition``
    takes it, for any number of components, restarts and constraints that its rank has
    room for.

    Parameters
    ----------
    operator : LowRankOperator
        The approximation of the data, divided by what `weights` says.
    inspection : Inspection
        What reading the data told: the counts at each position and in each pixel.
    keep_positions, keep_pixels : numpy.ndarray of bool
        What took part, in array order.
    data_dtype : str
        Type of the data.
    weights : {"equal", "normalised"}
        See `hspy_cnmf.operators.weights.noise_scales`.
    random_state : int
        Seed of the decomposition that would make the same sketch itself.
    bad_pixels : numpy.ndarray of bool or None
        Pixels that no mask excluded, found to be bad and left out.
    """

    operator: LowRankOperator
    inspection: Inspection
    keep_positions: np.ndarray
    keep_pixels: np.ndarray
    data_dtype: str
    weights: Weights
    random_state: int
    bad_pixels: np.ndarray | None = None

    @property
    def rank(self) -> int:
        """Number of basis patterns."""
        return self.operator.rank

    @property
    def normalized(self) -> bool:
        """Whether Poisson noise was normalised."""
        return self.weights == "normalised"

    def __repr__(self) -> str:
        n_positions, n_pixels = self.operator.shape
        weights = ", Poisson noise normalised" if self.normalized else ""
        return (
            f"Sketch(rank={self.rank}, {n_positions} positions x {n_pixels} pixels "
            f"of {self.data_dtype}{weights}, random_state={self.random_state})"
        )

    def save(self, path: str | os.PathLike) -> None:
        """Write the sketch to a file, which is there whole or not at all.

        Parameters
        ----------
        path : path-like
            A NumPy archive (``.npz``); a file that is there is replaced.
        """
        write_arrays(path, self._content())

    def _content(self) -> dict[str, Any]:
        fit = self.operator.fit
        assert fit is not None  # It was made of data.
        return {
            "format": _FORMAT,
            "basis_images": self.operator.basis_images,
            "basis_patterns": self.operator.basis_patterns,
            "square_norm": self.operator.square_norm,
            "fitted_patterns": fit.patterns,
            "left_of_positions": fit.of_positions,
            "left_of_pixels": fit.of_pixels,
            "position_sums": self.inspection.position_sums,
            "pixel_sums": self.inspection.pixel_sums,
            "data_square_norm": self.inspection.square_norm,
            "minimum": self.inspection.minimum,
            "maximum": self.inspection.maximum,
            "keep_positions": self.keep_positions,
            "keep_pixels": self.keep_pixels,
            "data_dtype": self.data_dtype,
            "weights": self.weights,
            "random_state": str(self.random_state),
        } | ({} if self.bad_pixels is None else {"bad_pixels": self.bad_pixels})

    @classmethod
    def load(cls, path: str | os.PathLike) -> Sketch:
        """Read a sketch from a file.

        Parameters
        ----------
        path : path-like
            What `save` has written.

        Returns
        -------
        Sketch

        Raises
        ------
        ValueError
            If the file is something else, or of another version of this package.
        """
        writable_path(path)  # A folder, a device or a pipe is refused in words.
        try:
            content = read_arrays(path)
        except ValueError as error:
            raise ValueError(
                f"{path} is not a sketch, or is damaged: {error}. Delete it, or give "
                "another path."
            ) from error
        if content.get("format") != _FORMAT:
            raise ValueError(
                f"{path} is not a sketch of this version of hspy_cnmf. Delete it, or "
                "give another path."
            )
        try:
            return cls._of(content)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is not a sketch: what is in it does not fit together "
                f"({error!r}). Delete it, or give another path."
            ) from error

    @classmethod
    def _of(cls, content: Mapping[str, np.ndarray]) -> Sketch:
        """Return the sketch that was read."""
        keep = content["keep_positions"], content["keep_pixels"]
        counts = [np.count_nonzero(mask) for mask in keep]
        bases = content["basis_images"], content["basis_patterns"]
        sums = content["position_sums"], content["pixel_sums"]
        left_out = content["left_of_positions"], content["left_of_pixels"]
        of_both = zip(counts, keep, bases, sums, left_out, strict=True)
        for n, mask, basis, *told in of_both:
            if basis.shape != (len(bases[0]), n) or {t.shape for t in told} != {(n,)}:
                raise ValueError(f"shapes {basis.shape} and others for {n}")
            if [mask.dtype.kind, *(a.dtype.kind for a in (basis, *told))] != [*"bfff"]:
                raise ValueError("types of arrays are others")
        fitted = content["fitted_patterns"]
        if fitted.shape[1:] != bases[1].shape[1:] or len(fitted) > len(bases[1]):
            raise ValueError(f"shape {fitted.shape} of fitted patterns")
        fit = Fit(content["fitted_patterns"], *left_out)
        return cls(
            LowRankOperator(*bases, float(content["square_norm"]), fit),
            Inspection(
                *sums,
                square_norm=float(content["data_square_norm"]),
                minimum=float(content["minimum"]),
                maximum=float(content["maximum"]),
            ),
            *keep,
            str(content["data_dtype"]),
            _known_weights(str(content["weights"])),
            int(str(content["random_state"])),
            content.get("bad_pixels"),
        )

    def check(self, operator: StreamedOperator, normalized: bool | None) -> None:
        """Raise a ValueError if the sketch is one of other data, masks or weights.

        Shapes, type, masks and weights are compared first. Two scans may share them
        all, so the sums of patterns are compared: of all data in memory, of some chunks
        of lazy data. What is read later can be, see `StreamedOperator.expecting`.

        Parameters
        ----------
        operator : StreamedOperator
            The data.
        normalized : bool or None
            Whether Poisson noise is to be normalised; None for as it is here.
        """
        positions, pixels = operator.keep_positions, operator.keep_pixels
        for name, ours, theirs in (
            ("navigation shape", self.keep_positions.shape, positions.shape),
            ("signal shape", self.keep_pixels.shape, pixels.shape),
            ("data type", self.data_dtype, operator.data.dtype.name),
        ):
            if ours != theirs:
                raise _refusal(f"its {name} is {ours}, here {theirs}")
        self._check_weights(normalized)
        for name, mask, other in (
            ("navigation_mask", self.keep_positions, positions),
            ("signal_mask", self.keep_pixels, pixels),
        ):
            n_other = np.count_nonzero(mask != other)
            if n_other:
                raise _refusal(f"its {name} is another at {n_other} places")
        self._check_sample(operator)

    def _check_weights(self, normalized: bool | None) -> None:
        """Raise a ValueError if weights are asked for that the sketch does not have."""
        if normalized is not None and normalized != self.normalized:
            name = "normalize_poissonian_noise"
            raise _refusal(f"its {name} is {self.normalized}, here {normalized}")

    def _check_sample(self, operator: StreamedOperator) -> None:
        """Compare patterns of the data with their counts and projections here."""
        sample = np.linspace(0, operator.shape[0] - 1, _N_SAMPLES).astype(int)
        sample = np.unique(sample)
        index = np.argwhere(self.keep_positions)[sample]
        matrix = operator.expecting(self.inspection).sample(sample)
        for axis, scale in enumerate(noise_scales(self.inspection, self.weights)):
            if scale is not None:
                own = scale[sample, np.newaxis] if axis == 0 else scale
                matrix = matrix / own.astype(matrix.dtype)
        images = self.operator.basis_patterns @ matrix.T
        distance = np.linalg.norm(
            images - self.operator.basis_images[:, sample], axis=0
        )
        limit = np.sqrt(np.finfo(matrix.dtype).eps) * np.linalg.norm(matrix, axis=1)
        wrong = index[~(distance <= limit)]
        if len(wrong):
            place = tuple(map(int, wrong[0][::-1]))
            raise _refusal(f"it says otherwise at navigation index {place}")


def check_path(path: Path) -> None:
    """Raise a ValueError if no sketch can be written to a file: before it is made."""
    if not path.parent.is_dir():
        raise ValueError(f"sketch={str(path)!r}: there is no folder {path.parent}.")
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        part.open("xb").close()
        part.unlink()
    except OSError as error:
        raise ValueError(
            f"sketch={str(path)!r}: nothing can be written there "
            f"({error.strerror}). Give a path in a folder that is yours."
        ) from error


def _known_weights(name: str) -> Weights:
    """Return weights that were read, or raise a ValueError."""
    for known in WEIGHTS:
        if name == known:
            return known
    raise ValueError(f"unknown weights {name!r}")


def _refusal(reason: str) -> ValueError:
    return ValueError(
        f"The sketch is not one of these data: {reason}. Make one with "
        "hspy_cnmf.make_sketch, or give a path where there is none yet."
    )
