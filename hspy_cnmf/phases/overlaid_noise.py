"""Noise that patterns have where something brighter lay over them.

Where maps of two components overlap, the pattern of each holds the shot noise of the
other one's spots. The finder of spots knows the noise of rings only.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from hspy_cnmf.patterns.spots import aperture
from hspy_cnmf.phases.spot_pattern import Detector


@dataclass(frozen=True, eq=False)
class OverlaidNoise:
    """Counting noise of a pattern.

    Attributes
    ----------
    variance : numpy.ndarray, shape (rows, columns)
        Of each pixel; see `hspy_cnmf.operators.counting_noise.counting_variance`.
    """

    variance: np.ndarray

    def of_spots(self, spots: np.ndarray) -> np.ndarray:
        """Return the standard deviation of the intensities of spots, dtype `SPOT`."""
        rows, columns = np.indices(self.variance.shape)
        sums = [
            self.variance[
                np.hypot(rows - spot["row"], columns - spot["column"])
                <= aperture(spot["width"])
            ].sum()
            for spot in spots
        ]
        return np.sqrt(np.array(sums))

    def of_places(self, width: float) -> np.ndarray:
        """Return the same of a spot of some width at each pixel, (rows, columns)."""
        reach = aperture(width)
        offsets = np.arange(-int(reach), int(reach) + 1)
        within = np.hypot(offsets, offsets[:, np.newaxis]) <= reach
        sums = fftconvolve(self.variance, within.astype(float), mode="same")
        return np.sqrt(np.maximum(sums, 0))

    def standing_out(
        self, spots: np.ndarray, detector: Detector, threshold: float
    ) -> tuple[np.ndarray, Detector]:
        """Return the spots that are above this noise, and where others would be.

        Parameters
        ----------
        spots : numpy.ndarray, dtype `SPOT`
            Those that are above the noise of rings.
        detector : Detector
            What they were found on.
        threshold : float
            How many times they must be above this noise, too.

        Returns
        -------
        spots : numpy.ndarray, dtype `SPOT`
        detector : Detector
            It does not see where this noise is above that of all rings, as a reflection
            there may be missed, except where spots stand out nevertheless.
        """
        spots = spots[spots["intensity"] >= threshold * self.of_spots(spots)]
        if not len(spots):
            return spots, detector
        of_rings = (spots["intensity"] / spots["signal_to_noise"]).max()
        quiet = self.of_places(np.median(spots["width"])) <= of_rings
        seen = detector.known & (quiet | detector.on_spots(spots))
        return spots, replace(detector, known=seen)
