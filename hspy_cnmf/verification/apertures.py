"""Virtual apertures on the spots of a component, with the rings taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import dask.array as da
import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.low_rank import column_parts
from hspy_cnmf.verification.model import FittedModel, require_numbers

#: One for each of several things.
Numbers = Sequence[float] | np.ndarray

#: Radius of an aperture over the standard deviation of the spot.
_APERTURE = 2.0

#: Radius, the same, beyond which nothing of a spot is left; and a pixel more.
_REACH = 2.5

#: How much another's spot in the same place varies over the scan, over how much a spot
#: itself does, from which on the spot is not its component's own.
_RIVAL = 0.3

#: Least noise of a pixel, over the mean of those that take part: none is free of it.
_LEAST_NOISE = 0.05

#: Of distances, as a fraction.
_ROUNDING = 1e-9

#: Pixels without spots that the level of a ring is taken from, at least.
_LEAST = 5


@dataclass(frozen=True, eq=False)
class Unmixing:
    r"""What it takes to see one component, and the others as little as noise lets.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
        Of all components.
    contrasts : numpy.ndarray, shape (n,)
        Standard deviation of their maps.
    noise : numpy.ndarray, shape (n_pixels,)
        Variance of the data that counting makes, its mean over positions.

    Notes
    -----
    Of pixels that see the factors as W, values :math:`y = W^T h` + noise of variances V
    give the best linear estimate of map k, where maps vary by :math:`\Lambda`,

    .. math:: \hat h_k = e_k^T (\Lambda^{-1} + W V^{-1} W^T)^{-1} W V^{-1} y

    Nothing in it but :math:`\Lambda` is of the maps, so that it can be compared with
    them.
    """

    factors: np.ndarray
    contrasts: np.ndarray
    noise: np.ndarray

    def weights(
        self, component: int, pixels: np.ndarray, seen: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the weights of some pixels, (n_some,), in the image of a component.

        Parameters
        ----------
        component : int
        pixels : numpy.ndarray of bool, shape (n_pixels,)
        seen : numpy.ndarray, shape (n, n_some), optional
            What those see of the factors. Default: these themselves.
        """
        seen = self.factors[:, pixels] if seen is None else seen
        noise = self.noise[pixels]
        noise = np.maximum(noise, _LEAST_NOISE * noise.mean() if len(noise) else 0)
        scaled = seen * self.contrasts[:, np.newaxis]
        weighted = scaled / np.where(noise > 0, noise, 1)
        normal = np.eye(len(seen)) + weighted @ scaled.T
        return np.linalg.solve(normal, weighted)[component]


@dataclass(frozen=True, eq=False)
class Beside:
    """Rings beside the spots of all components.

    Parameters
    ----------
    pixels : numpy.ndarray of bool, shape (n_pixels,)
        Those of rings that have enough of them.
    sizes : numpy.ndarray, shape (n_rings,)
        How many there are in each ring; 1 where there is none.
    levels : numpy.ndarray, shape (n, n_rings)
        Means of the factors over them.
    """

    pixels: np.ndarray
    sizes: np.ndarray
    levels: np.ndarray


@dataclass(frozen=True, eq=False)
class Detector:
    """The patterns of a scan as pixels in the plane.

    Parameters
    ----------
    places : numpy.ndarray, shape (n_pixels, 2)
        Row and column of each pixel that takes part, where spots are found too.
    rings : Rings
        Rings about the centre.
    """

    places: np.ndarray
    rings: Rings

    def within(
        self, spots: np.ndarray, factor: float, margin: float = 0.0
    ) -> np.ndarray:
        """Return pixels no further from spots than a multiple of their widths."""
        if not len(spots):
            return np.zeros(len(self.places), dtype=bool)
        centres = np.stack([spots["row"], spots["column"]], axis=-1)
        radii = np.maximum(factor * spots["width"], 1) + margin
        inside = np.zeros(len(self.places), dtype=bool)
        # Noise may have thousands of spots: distances from all of them would be large.
        near = self._tree.query_ball_point(centres, radii * (1 + _ROUNDING))
        for pixels, centre, radius in zip(near, centres, radii, strict=True):
            distances = cdist(self.places[pixels], centre[np.newaxis])[:, 0]
            inside[np.array(pixels, int)[distances <= radius]] = True
        return inside

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.places)

    def beside(self, covered: np.ndarray, factors: np.ndarray) -> Beside:
        """Return the rings beside spots, of pixels that no spot covers.

        Parameters
        ----------
        covered : numpy.ndarray of bool, shape (n_pixels,)
            Pixels that spots of any component reach.
        factors : numpy.ndarray, shape (n, n_pixels)
        """
        label, n_rings = self.rings.label, self.rings.n_rings
        # Where spots fill a ring, there is no level to take off.
        pixels = ~covered
        pixels &= (np.bincount(label, pixels, n_rings) >= _LEAST)[label]
        sizes = np.maximum(np.bincount(label, pixels, n_rings), 1)
        sums = [np.bincount(label, f * pixels, n_rings) for f in factors]
        return Beside(pixels, sizes, np.stack(sums) / sizes)

    def spot_aperture(
        self, component: int, spots: np.ndarray, beside: Beside, unmixing: Unmixing
    ) -> np.ndarray:
        """Return weights of pixels in spots, less the level of the rings beside.

        Parameters
        ----------
        component : int
            Whose spots these are.
        spots : numpy.ndarray
            Of `hspy_cnmf.patterns.spots.SPOT`.
        beside : Beside
        unmixing : Unmixing

        Returns
        -------
        numpy.ndarray, shape (n_pixels,)
            With sum 0 in each ring that has pixels beside spots: rings do not count.
        """
        label, inside = self.rings.label, self.within(spots, _APERTURE)
        seen = unmixing.factors[:, inside] - beside.levels[:, label[inside]]
        weights = np.zeros(len(label))
        weights[inside] = unmixing.weights(component, inside, seen)
        taken_off = np.bincount(label, weights, self.rings.n_rings) / beside.sizes
        return weights - np.where(beside.pixels, taken_off[label], 0)

    def ring_aperture(
        self, component: int, covered: np.ndarray, unmixing: Unmixing
    ) -> np.ndarray:
        """Return weights of the pixels beside spots, for a component without any."""
        weights = np.zeros(len(covered))
        weights[~covered] = unmixing.weights(component, ~covered)
        return weights


def own_spots(
    spots: Sequence[np.ndarray], groups: Numbers, contrasts: Numbers
) -> list[np.ndarray]:
    """Return which spots no other group has, as strong or nearly so, in their place.

    Parameters
    ----------
    spots : list of numpy.ndarray
        Of each component, with intensities in the units of its factor.
    groups : sequence of int
        Group of each component.
    contrasts : sequence of float
        Standard deviation of each component's map, in the units of its loadings: a
        faint spot of a crystal that fills half of the scan hides a bright one of a
        crystal in a few positions.

    Returns
    -------
    list of numpy.ndarray of bool
    """
    own = []
    varying = [s["intensity"] * c for s, c in zip(spots, contrasts, strict=True)]
    everything, strengths = np.concatenate(spots), np.concatenate(varying)
    group_of = np.repeat(groups, [len(s) for s in spots])
    for mine, group, strength in zip(spots, groups, varying, strict=True):
        others, rivalry = (v[group_of != group] for v in (everything, strengths))
        apart = cdist(*(np.stack([s["row"], s["column"]], -1) for s in (mine, others)))
        reach = _APERTURE * np.maximum.outer(mine["width"], others["width"])
        rivals = rivalry > _RIVAL * strength[:, np.newaxis]
        own.append(~((apart < reach) & rivals).any(axis=1))
    return own


def find_covered(detector: Detector, spots: Sequence[np.ndarray]) -> np.ndarray:
    """Return pixels that any of the spots of all components reach."""
    return detector.within(np.concatenate(spots), _REACH, margin=1.0)


def all_apertures(
    detector: Detector,
    unmixing: Unmixing,
    chosen: Numbers,
    spots: Sequence[np.ndarray],
    own: Sequence[np.ndarray],
) -> np.ndarray:
    """Return the weights of pixels in the image of each component.

    Parameters
    ----------
    detector : Detector
    unmixing : Unmixing
    chosen : sequence of int
        Components that take part.
    spots, own : sequence of numpy.ndarray
        Spots of those, and which are their own, see `own_spots`. If none is, all
        count; without any spots, the rings do.

    Returns
    -------
    numpy.ndarray, shape (n_chosen, n_pixels)
    """
    covered = find_covered(detector, spots)
    beside = detector.beside(covered, unmixing.factors)
    return np.stack(
        [
            detector.spot_aperture(
                k, found[mine] if mine.any() else found, beside, unmixing
            )
            if len(found)
            else detector.ring_aperture(k, covered, unmixing)
            for k, found, mine in zip(chosen, spots, own, strict=True)
        ]
    )


def virtual_images(
    data: np.ndarray | da.Array,
    model: FittedModel,
    apertures: np.ndarray,
    chosen: np.ndarray,
    members: np.ndarray,
    max_memory: int | str | None = None,
    show_progressbar: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return virtual images in units of the maps, and their variance from counts.

    Parameters
    ----------
    data : numpy.ndarray or dask.array.Array
        Navigation axes first; read once.
    model : FittedModel
    apertures : numpy.ndarray, shape (n_chosen, n_pixels)
        See `all_apertures`.
    chosen : numpy.ndarray of int, shape (n_chosen,)
        Components that take part.
    members : numpy.ndarray of bool, shape (n, n_chosen)
        Those whose images are added up.
    max_memory, show_progressbar
        See `hspy_cnmf.operators.StreamedOperator`.

    Returns
    -------
    images : numpy.ndarray, shape (n, n_positions)
    variance : numpy.ndarray, shape (n,)
        Mean over all positions.
    """
    collected = np.einsum("kp,kp->k", apertures, model.factors[chosen])
    scale = np.where(abs(collected) > 0, collected, np.inf)[:, np.newaxis]
    keep = model.keep_positions, model.keep_pixels
    operator = StreamedOperator(
        data, *keep, max_memory=max_memory, show_progressbar=show_progressbar
    )
    images = operator.images(members @ (apertures / scale))
    require_numbers(images, "virtual images")
    # The variance of counts is their mean.
    of_factors = (apertures / scale) ** 2 @ model.factors.T
    variance = np.zeros(len(chosen))
    for part in column_parts(operator.shape[0]):
        expected = of_factors @ model.loadings[:, part]
        variance += np.maximum(expected, 0).sum(axis=1)
    return images, members @ variance / operator.shape[0]
