"""Domains of stacking variants in a bent particle of a layered oxide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
from hyperspy.signals import Signal2D
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.data import _stacking
from hspy_cnmf.data._bent_crystal import BentCrystal, count_positions
from hspy_cnmf.data._checks import (
    Chunks,
    RandomState,
    check_positive,
    check_shape,
    seed_sequence,
)
from hspy_cnmf.data._counting import child_seed
from hspy_cnmf.data._domain_maps import Domains, draw_domains, smooth_field
from hspy_cnmf.data._patterns import EDGE
from hspy_cnmf.data._simulation import (
    Recorded,
    _calibrate_scan,
    _diffraction_signal,
    microscope,
)

#: Share of electrons below which the commonest variant does not stand for a position.
_CLEAR = 0.9

#: Standard deviation of the local thickness and its slope over the scan, relative.
_THICKNESS = 0.15, 0.25


@dataclass(frozen=True, eq=False)
class DomainTruth:
    """The domains that a scan was made of.

    Attributes
    ----------
    labels : hyperspy.signals.Signal2D
        Variant of the nearest cell, (| x, y), an index of `names`.
    boundary : hyperspy.signals.Signal2D
        True where less than 90 % of the electrons go through it: neighbouring domains
        and the disordered zone between them share the rest, (| x, y).
    share : hyperspy.signals.Signal2D
        Its share, (| x, y).
    orientations : hyperspy.signals.Signal2D
        In-plane rotation of the crystal in degrees, counter-clockwise, (| x, y).
    names : tuple of str
        Name of each stacking variant.
    factors : pyxem.signals.ElectronDiffraction2D
        Pattern of each variant where the crystal is neither bent nor turned,
        (variant | kx, ky), of unit sum.
    """

    labels: Signal2D
    boundary: Signal2D
    share: Signal2D
    orientations: Signal2D
    names: tuple[str, ...]
    factors: ElectronDiffraction2D


@overload
def layered_domains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_variants: int = ...,
    n_cells: int = ...,
    rotated: bool = ...,
    bending: float = ...,
    thickness: float = ...,
    descan: float = ...,
    dose: float | None = ...,
    random_state: RandomState = ...,
    lazy: bool = ...,
    chunks: Chunks = ...,
    return_truth: Literal[False] = False,
) -> ElectronDiffraction2D: ...


@overload
def layered_domains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_variants: int = ...,
    n_cells: int = ...,
    rotated: bool = ...,
    bending: float = ...,
    thickness: float = ...,
    descan: float = ...,
    dose: float | None = ...,
    random_state: RandomState = ...,
    lazy: bool = ...,
    chunks: Chunks = ...,
    return_truth: Literal[True],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...


def layered_domains(
    shape: tuple[int, int] = (64, 64),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_variants: int = 5,
    n_cells: int = 12,
    rotated: bool = False,
    bending: float = 2.2,
    thickness: float = 25.0,
    descan: float = 0.5,
    dose: float | None = 2000.0,
    random_state: RandomState = None,
    lazy: bool = False,
    chunks: Chunks = "auto",
    return_truth: bool = False,
) -> ElectronDiffraction2D | tuple[ElectronDiffraction2D, DomainTruth]:
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
    dose : float or None, default 2000
        Mean electrons per pattern, in total on the detector. None returns the
        noise-free expectation of one electron.
    random_state : int, numpy.random.SeedSequence or None
        Seed of the specimen and of the noise. The same seed gives the same data, lazy
        or not and in any chunks (within one version of NumPy); it gives the same
        specimen at any dose and on any detector.
    lazy : bool, default False
        Return a lazy signal, whose chunks are drawn when they are computed.
    chunks : "auto", int or tuple, default "auto"
        Chunks of the scan, (rows, columns); ignored unless `lazy`. The detector is
        never chunked.
    return_truth : bool, default False
        Return the true domains too.

    Returns
    -------
    signal : pyxem.signals.ElectronDiffraction2D or its lazy counterpart
        Electron counts (uint16, or uint32 where a pixel may exceed it; float32 where
        `dose` is None), (x, y | kx, ky).
    truth : DomainTruth
        Only where `return_truth` is set.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.

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
    seed = seed_sequence(random_state)
    generator = np.random.default_rng(child_seed(seed, 0))
    domains = draw_domains(shape, len(names), n_cells, bool(rotated), generator)
    slope, roughness = _THICKNESS[1], _THICKNESS[0]
    thicknesses = check_positive("thickness", thickness) * (
        1
        + slope * _ramp(shape, generator)
        + roughness * smooth_field(shape, 0.15, generator).clip(-2, 2)
    )
    microscope_ = microscope(detector_shape, scan_step=1.0)
    tilts = [1e-3 * bending * smooth_field(shape, 0.2, generator) for _ in range(2)]
    shifts = [
        microscope_.detector_scale * descan * _ramp(shape, generator) for _ in range(2)
    ]
    crystal = BentCrystal(
        detector_shape=detector_shape,
        variants=tuple(_stacking.variant_spots(name, EDGE) for name in names),
        faulted=_stacking.faulted_spots(EDGE, generator),
        thickness=float(thickness),
    )
    dose = None if dose is None else check_positive("dose", dose)
    parameters = np.stack([*tilts, thicknesses, *shifts], axis=-1)
    data = count_positions(
        crystal,
        domains,
        parameters,
        dose,
        seed=None if dose is None else seed,
        lazy=lazy,
        chunks=chunks,
    )
    specimen = Recorded("Layered domains (simulated)", microscope_)
    signal = _diffraction_signal(data, specimen)
    return (
        (signal, _truth(domains, crystal, names, specimen)) if return_truth else signal
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


def _truth(
    domains: Domains, crystal: BentCrystal, names: tuple[str, ...], specimen: Recorded
) -> DomainTruth:
    maps = {
        "labels": domains.labels,
        "boundary": domains.shares[..., 0] < _CLEAR,
        "share": domains.shares[..., 0],
        "orientations": domains.orientations[domains.cells[..., 0]],
    }
    signals = {}
    for name, values in maps.items():
        signals[name] = Signal2D(values)
        _calibrate_scan(signals[name].axes_manager.signal_axes, specimen.calibration)
        signals[
            name
        ].metadata.General.title = f"{name.capitalize()} of {specimen.title}"
    factors = _diffraction_signal(crystal.untilted_patterns(), specimen)
    factors.metadata.General.title = f"Factors of {specimen.title}"
    factors.axes_manager.navigation_axes[0].name = "Variant"
    return DomainTruth(**signals, names=names, factors=factors)
