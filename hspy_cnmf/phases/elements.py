"""Elements of atoms, by which they scatter, whatever a file calls them."""

import re

from diffpy.structure import Structure
from diffsims.utils.sim_utils import get_scattering_params_dict

#: Elements whose scattering is known.
_KNOWN = frozenset(get_scattering_params_dict("lobato"))

#: What else files name: isotopes of hydrogen, and oxygen with hydrogen on it.
_OTHERS = {"D": "H", "T": "H", "Oh": "O", "Ow": "O", "Wat": "O"}

#: A number of nucleons, letters, and whatever follows: a charge or a number.
_SYMBOL = re.compile(r"(?:\d+-?)?([A-Za-z]+)")


def element_of(symbol: str) -> str | None:
    """Return the element of an atom's symbol, None where there is none.

    Of ions it is the neutral one: charges change what scatters electrons at small
    angles only, and diffsims would take ions to scatter nothing.

    Parameters
    ----------
    symbol : str
        As in ``Fe``, ``Fe3+``, ``O2-``, ``FE``, ``D`` or ``57-Fe``.
    """
    found = _SYMBOL.match(symbol.strip())
    name = found[1].capitalize() if found else ""
    name = _OTHERS.get(name, name)
    return name if name in _KNOWN else None


def element_of_label(label: str) -> str | None:
    """Return the element of an atom's label, as in ``CE1``, ``O(2)`` or ``OW3``.

    Two letters that are an element's are that one, whatever the first alone may be.
    """
    letters = _SYMBOL.match(label.strip())
    name = letters[1] if letters else ""
    return element_of(name) or element_of(name[:2]) or element_of(name[:1])


def with_elements(structure: Structure) -> Structure:
    """Return a copy whose atoms are named as scattering factors of neutral ones are.

    Raises
    ------
    ValueError
        If an atom is of no element.
    """
    structure = structure.copy()
    for atom in structure:
        element = element_of(atom.element)
        if element is None:
            raise no_element(atom.label or atom.element, atom.element)
        atom.element = element
    return structure


def no_element(label: str, symbol: str) -> ValueError:
    """Return an error that says that an atom is of no element."""
    return ValueError(
        f"Atom {label!r} is of {symbol!r}, which is no element: name it as one, as in "
        "'Fe' or 'Fe3+', or leave it out"
    )
