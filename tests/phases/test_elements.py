"""Elements: ions and isotopes scatter as the atom, and what is none is refused."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, Structure

from hspy_cnmf.phases.elements import element_of, element_of_label, with_elements


@pytest.mark.parametrize(
    ("symbol", "element"),
    [
        *(("Fe", "Fe"), ("Fe3+", "Fe"), ("Fe+3", "Fe"), ("Fe2.5+", "Fe"), ("FE", "Fe")),
        *(("57-Fe", "Fe"), ("O2-", "O"), ("O-2", "O"), ("D", "H"), ("D1-", "H")),
        *(("OH", "O"), ("Va", None), ("", None), ("?", None), ("Xx1", None)),
    ],
)
def test_symbols_are_elements_or_none(symbol, element):
    assert element_of(symbol) == element


def test_labels_are_two_letters_where_these_are_an_element():
    labels = ["CE1", "O(2)", "Oa", "OW3", "Fe1A", "P1", "D4"]
    found = [element_of_label(label) for label in labels]
    assert found == ["Ce", "O", "O", "O", "Fe", "P", "H"]


def test_a_structure_is_copied_and_named_anew():
    ions = Structure([Atom("Fe3+", np.zeros(3))], Lattice(3, 3, 3, 90, 90, 90))
    assert with_elements(ions)[0].element == "Fe"
    assert ions[0].element == "Fe3+"
    with pytest.raises(ValueError, match="'Q', which is no element"):
        with_elements(Structure([Atom("Q", np.zeros(3))]))
