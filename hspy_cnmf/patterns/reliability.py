"""How alike a pattern is to itself if it were measured again, with as much noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hspy_cnmf.patterns.agglomeration import Treatment
from hspy_cnmf.patterns.geometry import PatternGeometry
from hspy_cnmf.patterns.polar import PolarPatterns

#: What is below so many times the noise is taken for noise.
_NOISE_THRESHOLD = 3.0

#: Patterns that are less like themselves are no more certain for all that.
_LEAST = 0.25


@dataclass(frozen=True, eq=False)
class Repetition:
    r"""Two measurements of one pattern, which differ in their noise.

    Parameters
    ----------
    noise : numpy.ndarray, shape (2, radii, azimuths)
        White noise of standard deviation 1 on the detector, in polar coordinates.

    Notes
    -----
    Noise makes patterns of one crystal less alike, so that a distance tells how
    unlike crystals are only beside that which noise alone makes. The correlation of
    two variables measured with errors is that of the variables times the root of
    :math:`\rho_1 \rho_2`, the reliabilities: correlations of each with itself,
    measured twice (Spearman 1904, Am. J. Psychol. 15, 72). Here they are those of a
    parametric bootstrap: the pattern without what is below three times its noise, and
    twice noise of the variance that it has in each ring, larger where counts are above
    the level of the ring.
    """

    noise: np.ndarray

    @classmethod
    def on_detector(
        cls,
        geometry: PatternGeometry,
        n_azimuth: int,
        radii: tuple[float, float] | np.ndarray,
    ) -> Repetition:
        """Return noise that is resampled as patterns are, the same each time."""
        images = np.random.default_rng(0).standard_normal((2, *geometry.shape))
        return cls(geometry.polar(images, n_azimuth, radii).values)

    def reliability(self, polar: PolarPatterns, treatment: Treatment) -> np.ndarray:
        """Return the similarity of each pattern to itself, measured again.

        Parameters
        ----------
        polar : PolarPatterns
            n patterns.
        treatment : Treatment
            How patterns are compared.

        Returns
        -------
        numpy.ndarray, shape (n,)
            In [0.25, 1].
        """
        found = np.ones(len(polar))
        for k in range(len(polar)):
            one, other = treatment.structure(self._measured_twice(polar[k]))
            norm = np.sqrt((one**2).sum() * (other**2).sum())
            if norm > 0:
                found[k] = np.clip((one * other).sum() / norm, _LEAST, 1)
        return found

    def _measured_twice(self, pattern: PolarPatterns) -> PolarPatterns:
        level = pattern.level[0]
        # Shrunk, faint spots are rather too much alike than too little.
        clean = level + pattern.spots(_NOISE_THRESHOLD)[0]
        above = np.divide(clean, level, out=np.ones_like(clean), where=level > 0)
        deviation = pattern.noise[0][:, np.newaxis] * np.sqrt(np.maximum(above, 1))
        twice = pattern[[0, 0]]
        return replace(twice, values=clean + deviation * self.noise)
