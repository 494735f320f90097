"""Structures, nearly as they are published, and the scans that they are in."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase

from hspy_cnmf.phases.candidates import as_phases

#: Name: space group; a, b, c in Å and angles; atoms of the asymmetric unit, with their
#: occupancies where these are not 1.
_TABLE = """
m-ZrO2: 14; 5.1505 5.2116 5.3173 90 99.23 90; Zr 0.2754 0.0395 0.2083, O 0.07 0.3317
  0.3447, O 0.4496 0.7569 0.4792
Ga2O3: 12; 12.23 3.04 5.8 90 103.7 90; Ga 0.0904 0 0.7948, Ga 0.3414 0 0.6857, O
  0.1674 0 0.1011, O 0.4957 0 0.2553, O 0.8279 0 0.4365
t-ZrO2: 137; 3.605 3.605 5.18 90 90 90; Zr 0 0 0, O 0 0.5 0.2046
c-ZrO2: 225; 5.12 5.12 5.12 90 90 90; Zr 0 0 0, O 0.25 0.25 0.25
kyanite: 2; 7.126 7.852 5.572 89.99 101.11 106.03; Al 0.3254 0.704 0.4582, Al 0.2974
  0.6989 0.9505, Al 0.0998 0.3862 0.6403, Al 0.112 0.9175 0.1649, Si 0.2962 0.0649
  0.7066, Si 0.291 0.3317 0.1892, O 0.1095 0.1468 0.1288, O 0.123 0.6856 0.1812, O
  0.2747 0.4545 0.9547, O 0.2831 0.9354 0.9353, O 0.1084 0.152 0.6669, O 0.1219 0.6307
  0.6389, O 0.2822 0.4453 0.4288, O 0.2915 0.9467 0.4659, O 0.5008 0.2749 0.244, O
  0.5015 0.2312 0.7553
andalusite: 58; 7.798 7.903 5.557 90 90 90; Al 0.3705 0.1391 0.5, Al 0 0 0.2419, Si
  0.246 0.252 0, O 0.4233 0.3629 0.5, O 0.4246 0.3629 0, O 0.103 0.4003 0, O 0.2305
  0.1339 0.2394
corundum: 167; 4.759 4.759 12.993 90 90 120; Al 0 0 0.352, O 0.306 0 0.25
quartz: 154; 4.913 4.913 5.405 90 90 120; Si 0.4697 0 2/3, O 0.4135 0.2669 0.7858
Cu3Au: 221; 3.749 3.749 3.749 90 90 90; Au 0 0 0, Cu 0.5 0.5 0
Cu3Au-A1: 225; 3.749 3.749 3.749 90 90 90; Cu 0 0 0 0.75, Au 0 0 0 0.25
FeAl: 221; 2.909 2.909 2.909 90 90 90; Fe 0 0 0, Al 0.5 0.5 0.5
FeAl-A2: 229; 2.909 2.909 2.909 90 90 90; Fe 0 0 0 0.5, Al 0 0 0 0.5
Ni: 225; 3.524 3.524 3.524 90 90 90; Ni 0 0 0
Ni3Al: 221; 3.572 3.572 3.572 90 90 90; Al 0 0 0, Ni 0.5 0.5 0
LTA: 221; 11.9 11.9 11.9 90 90 90; Si 0 0.183 0.37, O 0 0.22 0.5, O 0 0.2935 0.2935, O
  0.1115 0.1115 0.3445
garnet: 230; 11.459 11.459 11.459 90 90 90; Mg 0.125 0 0.25, Al 0 0 0, Si 0.375 0
  0.25, O 0.0329 0.0502 0.6534
M23C6: 225; 10.65 10.65 10.65 90 90 90; Cr 0 0 0, Cr 0.25 0.25 0.25, Cr 0.385 0.385
  0.385, Cr 0 0.165 0.165, C 0.275 0 0
Cu2O: 224; 4.27 4.27 4.27 90 90 90; O 0 0 0, Cu 0.25 0.25 0.25
Co-hcp: 194; 2.507 2.507 4.069 90 90 120; Co 1/3 2/3 0.25
Co-fcc: 225; 3.545 3.545 3.545 90 90 90; Co 0 0 0
Ti: 194; 2.951 2.951 4.684 90 90 120; Ti 1/3 2/3 0.25
Zn: 194; 2.665 2.665 4.947 90 90 120; Zn 1/3 2/3 0.25
Mg: 194; 3.209 3.209 5.211 90 90 120; Mg 1/3 2/3 0.25
Si: 227; 5.431 5.431 5.431 90 90 90; Si 0 0 0
Ge: 227; 5.658 5.658 5.658 90 90 90; Ge 0 0 0
rutile: 136; 4.594 4.594 2.959 90 90 90; Ti 0 0 0, O 0.3053 0.3053 0
anatase: 141; 3.785 3.785 9.514 90 90 90; Ti 0 0 0, O 0 0 0.2066
Cu: 225; 3.615 3.615 3.615 90 90 90; Cu 0 0 0
alpha-Fe: 229; 2.866 2.866 2.866 90 90 90; Fe 0 0 0
MgO: 225; 4.212 4.212 4.212 90 90 90; Mg 0 0 0, O 0.5 0.5 0.5
Al: 225; 4.0495 4.0495 4.0495 90 90 90; Al 0 0 0
W: 229; 3.165 3.165 3.165 90 90 90; W 0 0 0
SrTiO3: 221; 3.905 3.905 3.905 90 90 90; Sr 0 0 0, Ti 0.5 0.5 0.5, O 0.5 0.5 0
CeO2: 225; 5.411 5.411 5.411 90 90 90; Ce 0 0 0, O 0.25 0.25 0.25
BaTiO3: 99; 3.994 3.994 4.038 90 90 90; Ba 0 0 0, Ti 0.5 0.5 0.522, O 0.5 0.5 -0.023,
  O 0.5 0 0.486
BaTiO3-c: 221; 4.009 4.009 4.009 90 90 90; Ba 0 0 0, Ti 0.5 0.5 0.5, O 0.5 0.5 0
martensite: 139; 2.845 2.845 2.96 90 90 90; Fe 0 0 0
Fe3C: 62; 5.089 6.743 4.523 90 90 90; Fe 0.036 0.25 0.852, Fe 0.186 0.063 0.328, C
  0.89 0.25 0.45
LiFePO4: 62; 10.332 6.01 4.692 90 90 90; Li 0 0 0, Fe 0.2822 0.25 0.9747, P 0.0948
  0.25 0.4182, O 0.0968 0.25 0.7428, O 0.4571 0.25 0.206, O 0.1656 0.0465 0.2848
calcite: 167; 4.99 4.99 17.061 90 90 120; Ca 0 0 0, C 0 0 0.25, O 0.257 0 0.25
MoS2: 194; 3.161 3.161 12.295 90 90 120; Mo 1/3 2/3 0.25, S 1/3 2/3 0.621
"""

#: Pairs that differ by order, by a slight distortion or by stacking alone.
_PAIRS = (
    ("Cu3Au", "Cu3Au-A1"),
    ("FeAl", "FeAl-A2"),
    ("BaTiO3", "BaTiO3-c"),
    ("t-ZrO2", "c-ZrO2"),
    ("martensite", "alpha-Fe"),
    ("Co-hcp", "Co-fcc"),
)

#: The other of such a pair.
LIKE = dict(_PAIRS) | {other: name for name, other in _PAIRS}


@dataclass(frozen=True)
class Scan:
    """What is in a scan of single patterns, and how these are recorded.

    Attributes
    ----------
    true, others : tuple of str
        Structures that are there, and the other candidates.
    energy : float
        In kV.
    size : int
        Pixels of the detector along each axis.
    reach : float
        Scattering vector at the nearest edge, in 1/Å.
    per_structure : int
        Patterns of each structure.
    thickness : float
        Of the crystals, in Å.
    precession : float
        In degrees.
    double : float
        How much is diffracted twice, over what kinematic sums of intensities say.
    spread : float
        Standard deviation of the logarithm of intensities about kinematic ones.
    radius, width : float
        Of discs, 0 for spots, and the deviation of the point spread, in pixels.
    counts : float
        Electrons of a pattern.
    ellipse : float
        Part by which all patterns are longer along one direction than across.
    """

    true: tuple
    others: tuple
    energy: float
    size: int
    reach: float
    per_structure: int = 3
    thickness: float = 250.0
    precession: float = 0.0
    double: float = 0.0
    spread: float = 0.0
    radius: float = 0.0
    width: float = 1.15
    counts: float = 1.5e4
    ellipse: float = 0.0

    @property
    def candidates(self):
        """All names."""
        return (*self.true, *self.others)


#: Scans by their names. Draws depend on the place in this list: add at its end.
SCANS = {
    "superlattice": Scan(
        ("Cu3Au", "Cu3Au-A1", "FeAl", "FeAl-A2"), ("Ni3Al",), 200, 128, 1.1
    ),
    "small_detector": Scan(
        ("garnet", "LiFePO4"), ("Cu2O", "LTA"), 300, 72, 1.2, 4, width=0.8
    ),
    "double_diffraction": Scan(
        *(("Si", "Ti", "rutile"), ("Ge", "quartz"), 200, 112, 1.2),
        precession=0.5,
        double=0.3,
    ),
    "intensities_off": Scan(
        *(("Si", "Cu", "corundum", "alpha-Fe"), ("Ge", "MgO"), 200, 112, 1.2),
        spread=0.8,
    ),
    "metals_60_kV": Scan(("Cu", "alpha-Fe", "MgO"), ("W", "Ti"), 60, 64, 0.72, 4),
    "hexagonal": Scan(("Co-hcp", "Co-fcc", "Ti", "Zn"), ("Mg",), 200, 112, 1.2),
    "large_cells": Scan(("LTA", "garnet", "M23C6"), ("Cu2O", "quartz"), 200, 160, 0.9),
    "monoclinic": Scan(
        ("m-ZrO2", "Ga2O3", "t-ZrO2"), ("anatase", "corundum"), 200, 128, 1.1
    ),
    "precessed_80_kV": Scan(
        *(("calcite", "MoS2", "Fe3C"), ("quartz", "Zn"), 80, 144, 0.9),
        precession=0.7,
        spread=0.4,
    ),
    "distorted": Scan(
        *(("BaTiO3", "t-ZrO2", "martensite", "c-ZrO2"), ("BaTiO3-c", "alpha-Fe")),
        *(200, 128, 1.2),
    ),
    "thin": Scan(
        ("Al", "rutile", "Fe3C"), ("Si", "corundum"), 300, 112, 1.2, thickness=70.0
    ),
    "triclinic": Scan(
        ("kyanite", "andalusite"), ("corundum", "quartz"), 200, 144, 0.85, 4
    ),
    "discs": Scan(
        *(("SrTiO3", "CeO2", "MgO"), ("anatase", "Cu"), 80, 144, 1.1),
        radius=2.6,
        width=0.8,
        counts=4e4,
    ),
}


@cache
def whole_phase(name):
    """Return a structure with all atoms of its cell."""
    group, cell, atoms = _entries()[name]
    structure = Structure(
        [Atom(element, xyz, occupancy=share) for element, xyz, share in atoms],
        lattice=Lattice(*cell),
    )
    (phase,) = as_phases(Phase(name, space_group=group, structure=structure))
    return phase


@cache
def _entries():
    """Return space group, cell and atoms of each structure of the table."""
    entries = {}
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        name, _, entry = line.partition(": ")
        group, cell, atoms = entry.split("; ")
        entries[name] = (
            int(group),
            tuple(map(float, cell.split())),
            [_atom(*atom.split()) for atom in atoms.split(", ")],
        )
    return entries


def _atom(element, *numbers):
    """Return element, fractional coordinates and occupancy."""
    x, y, z, share = (float(Fraction(n)) for n in (*numbers, "1")[:4])
    return element, (x, y, z), share
