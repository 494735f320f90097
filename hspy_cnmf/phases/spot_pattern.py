"""The spots of a group as a crystal sees them: flat vectors in reciprocal angstroms."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import distance_transform_edt

#: Nearer than so many widths of a spot another one is not seen.
HIDDEN = 2.0


@dataclass(frozen=True, eq=False)
class Detector:
    """Where a detector sees reflections.

    Attributes
    ----------
    known : numpy.ndarray of bool, shape (rows, columns)
        Pixels that are not masked.
    center : tuple of float
        Row and column of the centre.
    scale : float
        Width of a pixel in 1/Å.
    affine : numpy.ndarray, shape (2, 2), optional
        Elliptical distortion; see `hspy_cnmf.constraints.rings.pixel_radii`.
    """

    known: np.ndarray
    center: tuple
    scale: float
    affine: np.ndarray | None = None

    def sees(self, places: np.ndarray) -> np.ndarray:
        """Return whether pixels at (kx, ky) in 1/Å, shape (..., 2), are known."""
        offsets = places[..., ::-1] / self.scale
        if self.affine is not None:
            offsets = offsets @ np.asarray(self.affine)[:2, :2]
        index = np.rint(offsets + np.asarray(self.center)).astype(int)
        inside = ((index >= 0) & (index < self.known.shape)).all(axis=-1)
        row, column = np.where(inside[..., np.newaxis], index, 0).T
        return inside & self.known[row, column].T

    def on_spots(self, spots: np.ndarray) -> np.ndarray:
        """Return which pixels lie on spots, dtype `SPOT`, whether known or not."""
        rows, columns = np.indices(self.known.shape)
        covered = np.zeros(self.known.shape, dtype=bool)
        for spot in spots:
            apart = np.hypot(rows - spot["row"], columns - spot["column"])
            covered |= apart <= HIDDEN * spot["width"]
        return covered

    def without(self, spots: np.ndarray) -> "Detector":
        """Return a detector that does not see what lies on spots, dtype `SPOT`."""
        return replace(self, known=self.known & ~self.on_spots(spots))

    def where_whole(self, spots: np.ndarray) -> "Detector":
        """Return a detector that does not see where spots would be cut.

        They are left out where a pixel within 1.5 of their widths is not known, but not
        where some were found; see `hspy_cnmf.patterns.spots.find_spots`.
        """
        if not len(spots):
            return self
        near = 1.5 * max(np.median(spots["width"]), 1) + 0.5
        inside = distance_transform_edt(np.pad(self.known, 1))[1:-1, 1:-1] > near
        found = self.known & self.on_spots(spots)
        return replace(self, known=inside | found)

    @property
    def reach(self) -> float:
        """Distance of the furthest pixel that is known, in 1/Å."""
        corners = np.argwhere(self.known) - np.asarray(self.center)
        if self.affine is not None:
            corners = corners @ np.linalg.inv(np.asarray(self.affine)[:2, :2])
        return float(np.hypot(*corners.T).max(initial=0) * self.scale)


@dataclass(frozen=True, eq=False)
class SpotPattern:
    """Spots of one pattern.

    Attributes
    ----------
    places : numpy.ndarray, shape (n, 2)
        (kx, ky) in 1/Å, ky downwards as rows are.
    errors : numpy.ndarray, shape (n,)
        Standard deviation of a place along each axis, in 1/Å.
    amplitudes : numpy.ndarray, shape (n,)
        Square roots of intensities, with unit norm.
    detector : Detector
        What was looked at.
    faintest : float
        Amplitude that a spot must have to be found anywhere, in the same unit.
    widths : numpy.ndarray, shape (n,)
        Standard deviations of the spots, in 1/Å.
    """

    places: np.ndarray
    errors: np.ndarray
    amplitudes: np.ndarray
    detector: Detector
    faintest: float
    widths: np.ndarray

    @classmethod
    def of(
        cls,
        spots: np.ndarray,
        detector: Detector,
        pixel_error: float,
        relative_error: float,
        threshold: float = 5.0,
    ) -> "SpotPattern":
        """Take spots from `find_spots`.

        Parameters
        ----------
        spots : numpy.ndarray, dtype `SPOT`
            Only ``radius``, ``azimuth``, ``radius_error``, ``intensity``, ``width`` and
            ``signal_to_noise`` are read.
        detector : Detector
            What they were found on.
        pixel_error, relative_error : float
            Further errors of places: in pixels, and as a part of the radius.
        threshold : float, default 5.0
            Signal-to-noise ratio from which on spots were found.
        """
        angle = np.deg2rad(spots["azimuth"])
        radius = spots["radius"] * detector.scale
        places = np.stack([np.cos(angle), -np.sin(angle)], axis=1) * radius[:, None]
        pixels = np.hypot(spots["radius_error"], pixel_error) * detector.scale
        amplitudes = np.sqrt(spots["intensity"])
        norm = max(np.linalg.norm(amplitudes), 1e-300)
        noise = (spots["intensity"] / spots["signal_to_noise"]).max(initial=0)
        return cls(
            places=places,
            errors=np.hypot(pixels, relative_error * radius),
            amplitudes=amplitudes / norm,
            detector=detector,
            faintest=float(np.sqrt(threshold * noise) / norm),
            widths=spots["width"] * detector.scale,
        )

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, kept: np.ndarray) -> "SpotPattern":
        amplitudes = self.amplitudes[kept]
        norm = max(float(np.linalg.norm(amplitudes)), 1e-300)
        return SpotPattern(
            self.places[kept],
            self.errors[kept],
            amplitudes / norm,
            self.detector,
            self.faintest / norm,
            self.widths[kept],
        )

    @property
    def radii(self) -> np.ndarray:
        """Distances from the centre in 1/Å, shape (n,)."""
        return np.hypot(*self.places.T)

    @property
    def spans_plane(self) -> bool:
        """Whether spots lie in more than one direction from the centre."""
        if len(self) < 2:
            return False
        unit = self.places / self.radii[:, np.newaxis]
        return bool(abs(unit[0, 0] * unit[:, 1] - unit[0, 1] * unit[:, 0]).max() > 0.1)
