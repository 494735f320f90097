"""Crystal structures of the simulated data sets, as orix phases.

Cells in angstrom. orix and diffpy are imported when a phase is asked for.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orix.crystal_map import Phase

#: Space group, cell (a, b, c, in angstrom, gamma in degrees) and atoms of the
#: asymmetric unit.
STRUCTURES = {
    "alpha-Fe": (229, (2.866, 2.866, 2.866, 90), (("Fe", (0, 0, 0)),)),
    "gamma-Fe": (225, (3.571, 3.571, 3.571, 90), (("Fe", (0, 0, 0)),)),
    "Ag": (225, (4.086, 4.086, 4.086, 90), (("Ag", (0, 0, 0)),)),
    "Al": (225, (4.050, 4.050, 4.050, 90), (("Al", (0, 0, 0)),)),
    "Al3Sc": (
        221,
        (4.103, 4.103, 4.103, 90),
        (("Sc", (0, 0, 0)), ("Al", (0, 0.5, 0.5))),
    ),
    "theta'-Al2Cu": (
        119,
        (4.040, 4.040, 5.800, 90),
        (("Al", (0, 0, 0)), ("Al", (0, 0, 0.5)), ("Cu", (0, 0.5, 0.25))),
    ),
    "Fe2B": (
        140,
        (5.110, 5.110, 4.249, 90),
        (("Fe", (0.1649, 0.6649, 0)), ("B", (0, 0, 0.25))),
    ),
    "Fe3B": (
        62,
        (5.428, 6.699, 4.439, 90),
        (
            ("Fe", (0.0388, 0.25, 0.8422)),
            ("Fe", (0.1816, 0.0666, 0.3374)),
            ("B", (0.8764, 0.25, 0.4426)),
        ),
    ),
    "cementite": (
        62,
        (5.089, 6.743, 4.523, 90),
        (
            ("Fe", (0.0388, 0.25, 0.8422)),
            ("Fe", (0.1816, 0.0666, 0.3374)),
            ("C", (0.8764, 0.25, 0.4426)),
        ),
    ),
    "Cu": (225, (3.615, 3.615, 3.615, 90), (("Cu", (0, 0, 0)),)),
    "Si": (227, (5.431, 5.431, 5.431, 90), (("Si", (0, 0, 0)),)),
    "Ti": (194, (2.951, 2.951, 4.684, 120), (("Ti", (1 / 3, 2 / 3, 0.25)),)),
}


def crystal_phase(name: str, scale: float = 1.0) -> "Phase":
    """Return a crystal structure by name, with all atoms of its cell.

    Parameters
    ----------
    name : str
        Such as "alpha-Fe", "gamma-Fe", "Ag", "Al", "Al3Sc", "theta'-Al2Cu", "Fe2B",
        "Fe3B", "cementite", "Cu", "Si" or "Ti".
    scale : float, default 1.0
        By what the cell is multiplied, for a candidate that is almost right; its name
        tells.

    Returns
    -------
    orix.crystal_map.Phase

    Raises
    ------
    ValueError
        If there is no such structure.
    """
    from diffpy.structure import Atom, Lattice, Structure
    from orix.crystal_map import Phase

    if name not in STRUCTURES:
        raise ValueError(f"name={name!r} must be one of {list(STRUCTURES)}.")
    group, (a, b, c, gamma), atoms = STRUCTURES[name]
    lattice = Lattice(a * scale, b * scale, c * scale, 90, 90, gamma)
    structure = Structure([Atom(*atom) for atom in atoms], lattice=lattice)
    label = name if scale == 1 else f"{name} x {scale:g}"
    phase = Phase(name=label, space_group=group, structure=structure)
    return phase.expand_asymmetric_unit()
