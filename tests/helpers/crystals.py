"""Groups of patterns of known crystals, counted, with maps."""

from functools import cache

import numpy as np
from hyperspy.signals import Signal2D
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._kinematic import EDGE, Camera, along_zone_axis
from hspy_cnmf.data._patterns import diffuse_rings

CIF = """data_iron
_cell_length_a 2.866
_cell_length_b 2.866
_cell_length_c 2.866
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'I m -3 m'
_symmetry_Int_Tables_number 229
loop_
_symmetry_equiv_pos_as_xyz
x,y,z
x+1/2,y+1/2,z+1/2
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Fe1 Fe 0 0 0
"""

SHAPE = (80, 80)

#: Few templates, so that tests are fast: orientations are refined between them.
FAST = {"resolution": 4.0}

#: Electrons in each pattern.
COUNTS = 2e5

#: Phase, zone axis and in-plane angle of each pattern of `crystals`; None is glass.
KINDS = (
    (None, None, 0.0),
    ("alpha-Fe", (0, 0, 1), 10.0),
    ("alpha-Fe", (0, 0, 1), 37.0),
    ("gamma-Fe", (0, 1, 1), 71.0),
)


def matrix_of(name, zone, in_plane):
    """Return how a crystal is turned, shape (3, 3)."""
    return along_zone_axis(crystal_phase(name), zone, in_plane)


def patterns_of(kinds=KINDS, camera=None, seed=0):
    """Return counted patterns with unit sums, (n, *SHAPE)."""
    camera = camera or Camera(SHAPE, precession=0.5)
    halo = diffuse_rings(SHAPE, 2.5, ((3.0, 0.4, 0.6),))
    expected = []
    for name, zone, in_plane in kinds:
        expected.append(halo)
        if name is not None:
            pattern = camera.pattern(
                crystal_phase(name), matrix_of(name, zone, in_plane)
            )
            expected[-1] = 0.2 * halo + 0.8 * pattern
    rng = np.random.default_rng(seed)
    return rng.poisson(COUNTS * np.array(expected)) / COUNTS


def stack(patterns, energy=300.0, scale=1.0):
    """Return patterns as a calibrated signal; `scale` is the calibration's error."""
    signal = ElectronDiffraction2D(np.asarray(patterns))
    step = scale * 2 * EDGE / min(SHAPE)
    for axis, size in zip(signal.axes_manager.signal_axes, SHAPE[::-1], strict=True):
        axis.scale, axis.offset, axis.units = step, -step * (size - 1) / 2, "nm^-1"
    if energy is not None:
        signal.calibration.beam_energy = energy
    return signal


def maps(n=4, shape=(20, 24)):
    """Return maps: the first everywhere, the others a disc each."""
    rows, columns = np.indices(shape)
    values = [np.full(shape, 2e-3)]
    for k in range(1, n):
        distance = np.hypot(rows - 9, columns - 6 * k + 1)
        values.append(1.0 * (distance < 2.6))
    signal = Signal2D(np.array(values))
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.units = 2.0, "nm"
    return signal


def clustered(patterns, loadings=None, **arguments):
    """Cluster patterns, or a signal of them, without a word."""
    signal = (
        patterns if isinstance(patterns, ElectronDiffraction2D) else stack(patterns)
    )
    arguments = {"distance_threshold": 0.3, "print_info": False} | arguments
    return cluster_diffraction(signal, loadings, **arguments)


@cache
def crystals():
    """Return clusters of `KINDS`, with maps."""
    return clustered(patterns_of(), maps())


@cache
def candidates():
    """Return iron, as it is there, and copper, which is not."""
    return tuple(crystal_phase(name) for name in ("alpha-Fe", "gamma-Fe", "Cu"))


@cache
def identified():
    """Return the phases of `crystals`."""
    return crystals().identify_phases(candidates(), **FAST)


def write_cif(folder):
    """Write alpha iron to a file, and return its path."""
    path = folder / "iron.cif"
    path.write_text(CIF)
    return path


def make_scan():
    """Return a scan of the crystals, counted, not yet decomposed."""
    factors = patterns_of()
    expected = 1e4 * np.tensordot(maps().data, factors, axes=(0, 0))
    signal = ElectronDiffraction2D(np.random.default_rng(0).poisson(expected) * 1.0)
    like = stack(factors).axes_manager.signal_axes
    for axis, other in zip(signal.axes_manager.signal_axes, like, strict=True):
        axis.scale, axis.offset, axis.units = other.scale, other.offset, other.units
    for axis in signal.axes_manager.navigation_axes:
        axis.scale, axis.units = 2.0, "nm"
    signal.calibration.beam_energy = 300
    return signal


@cache
def _analysed():
    signal = make_scan()
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=4,
        n_init=2,
        max_iter=60,
        random_state=0,
        print_info=False,
    )
    signal.cluster_diffraction(distance_threshold=0.3, print_info=False)
    return signal


def analysed():
    """Return a copy of the scan, decomposed and clustered."""
    return _analysed().deepcopy()
