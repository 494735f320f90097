"""Domains of stacking variants in a bent particle of a layered oxide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.data import _stacking
from hspy_cnmf.data._bent_crystal import BentCrystal, BentDomains
from hspy_cnmf.data._checks import check_positive, check_shape
from hspy_cnmf.data._counting import Recording, count_positions
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._domain_maps import Domains, draw_domains, smooth_field
from hspy_cnmf.data._patterns import EDGE
from hspy_cnmf.data._simulation import (
    Calibration,
    DomainTruth,
    diffraction_signal,
    domain_truth,
    microscope,
)

_TITLE = "Layered domains (simulated)"

#: Standard deviation of the local thickness and its slope over the scan, relative.
_THICKNESS = 0.15, 0.25


@dataclass(frozen=True, eq=False)
class LayeredParticle:
    """A bent particle whose domains are stacking variants.

    Parameters
    ----------
    names : tuple of str
        Of the variants.
    crystal : BentCrystal
    domains : Domains
    parameters : numpy.ndarray, shape (y, x, 5)
        See `BentDomains`.
    calibration : Calibration
    """

    names: tuple[str, ...]
    crystal: BentCrystal
    domains: Domains
    parameters: np.ndarray
    calibration: Calibration

    def record(self, recording: Recording) -> ElectronDiffraction2D:
        """Return the scan over it."""
        patterns = BentDomains(self.crystal, self.domains, self.parameters)
        data = count_positions(
            patterns.expected,
            self.domains.labels.shape,
            self.crystal.detector_shape,
            recording,
        )
        return diffraction_signal(data, _TITLE, self.calibration)

    def truth(self, recording: Recording) -> DomainTruth:
        """Return its domains; positions between them are of the nearest cell."""
        domains = self.domains
        maps = {
            "labels": domains.labels,
            "share": domains.shares[..., 0],
            "orientations": domains.orientations[domains.cells[..., 0]],
        }
        patterns = self.crystal.untilted_patterns()
        return domain_truth(maps, self.names, patterns, _TITLE, self.calibration)


@data_set(dose=2000.0, truth="DomainTruth")
def layered_domains(
    generator: np.random.Generator,
    shape: tuple[int, int] = (64, 64),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_variants: int = 5,
    n_cells: int = 12,
    rotated: bool = False,
    bending: float = 2.2,
    thickness: float = 25.0,
    descan: float = 0.5,
) -> LayeredParticle:
    r"""Simulate domains of stacking variants in a layered sodium oxide.

    The layers are seen edge on, c* to the right. Variants have the same slabs and the
    same row of spots through the centre; the rows above and below it tell how slabs
    follow each other. Boundaries are gradual, with a disordered zone whose slabs
    follow in random order, so that spots become streaks. As in measured scans, the
    crystal is bent and its thickness varies, which changes the intensities of spots
    smoothly over a pattern and from position to position, and descan shifts patterns.

    Parameters
    ----------
    shape : tuple of int, default (64, 64)
        Rows and columns of the scan, at least (8, 8), in steps of 1 nm. Domains and
        bending scale with it; boundaries have the width of the probe.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    n_variants : int, default 5
        The first so many of O3, P2, P3, O3 twin and O1.
    n_cells : int, default 12
        Cells of a Voronoi tessellation that domains are made of, at least
        `n_variants`. Cells of one variant that touch are one domain.
    rotated : bool, default False
        Make every cell a grain of its own, turned in the plane at random.
    bending : float, default 2.2
        Standard deviation of the local tilt about each axis in mrad; 0 for none.
    thickness : float, default 25
        Mean thickness in nm over which electrons scatter coherently.
    descan : float, default 0.5
        Shift of the patterns towards the edges of the scan in pixels of the detector.

    Notes
    -----
    Structure factors are kinematic, of NaMO2 with a = 0.29 nm and 0.55 nm from slab to
    slab. A spot at :math:`g` has the excitation error :math:`s_g = -\lambda g^2 / 2 -
    g \cdot \theta` for the tilt :math:`\theta`, and its intensity falls as a Gaussian
    as wide as the maximum of :math:`\mathrm{sinc}^2(\pi s_g t)` for the thickness
    :math:`t`. Electrons in all spots grow with the square of the thickness where there
    are few, those in the diffuse background in proportion to it. Na layers, O3, P2 and
    P3 in Delmas' notation, are the sodium-ion battery materials that Bridger et al.
    map; absolute intensities, boundaries and bending are this package's own.
    """
    shape = check_shape("shape", shape, 8)
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    names = _names(n_variants, n_cells)
    bending, descan = (
        value if value == 0 else check_positive(name, value)
        for name, value in (("bending", bending), ("descan", descan))
    )
    domains = draw_domains(shape, len(names), n_cells, bool(rotated), generator)
    slope, roughness = _THICKNESS[1], _THICKNESS[0]
    thicknesses = check_positive("thickness", thickness) * (
        1
        + slope * _ramp(shape, generator)
        + roughness * smooth_field(shape, 0.15, generator).clip(-2, 2)
    )
    calibration = microscope(detector_shape, scan_step=1.0)
    tilts = [1e-3 * bending * smooth_field(shape, 0.2, generator) for _ in range(2)]
    shifts = [
        calibration.detector_scale * descan * _ramp(shape, generator) for _ in range(2)
    ]
    crystal = BentCrystal(
        detector_shape=detector_shape,
        variants=tuple(_stacking.variant_spots(name, EDGE) for name in names),
        faulted=_stacking.faulted_spots(EDGE, generator),
        thickness=float(thickness),
    )
    return LayeredParticle(
        names=names,
        crystal=crystal,
        domains=domains,
        parameters=np.stack([*tilts, thicknesses, *shifts], axis=-1),
        calibration=calibration,
    )


def _names(n_variants: int, n_cells: int) -> tuple[str, ...]:
    """Return the names of the variants, once the numbers are checked."""
    names = tuple(_stacking.VARIANTS)
    if not isinstance(n_variants, (int, np.integer)) or not 2 <= n_variants <= len(
        names
    ):
        raise ValueError(
            f"n_variants={n_variants!r} must be an integer from 2 to {len(names)}."
        )
    if not isinstance(n_cells, (int, np.integer)) or n_cells < n_variants:
        raise ValueError(
            f"n_cells={n_cells!r} must be an integer, n_variants={n_variants} or more."
        )
    return names[:n_variants]


def _ramp(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Return a plane through 0 that is 1 where it is highest, in a random direction."""
    direction = generator.uniform(0, 2 * np.pi)
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    plane = np.sin(direction) * y + np.cos(direction) * x
    return plane / np.abs(plane).max()
