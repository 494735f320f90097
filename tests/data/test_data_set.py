"""Laws of data sets: what all have in common, and what help and type checkers see."""

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

from hspy_cnmf import data
from hspy_cnmf.data import _data_set
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.docstrings import Documentation

MADE = {
    name: getattr(data, name)
    for name in data.__all__
    if hasattr(getattr(data, name), "__wrapped__")
}
SHARED = list(inspect.signature(_data_set.recorded).parameters)

each = pytest.mark.parametrize("name", MADE)


class Dice:
    """A specimen that remembers how it was made."""

    def __init__(self, *values):
        self.values = values

    def record(self, recording):
        return self, recording

    def truth(self, recording):
        return "truth", recording


@data_set(dose=20.0, truth="Eyes")
def dice(generator, n: int = 2, *, sides: int = 6) -> Dice:
    """Throw dice.

    Parameters
    ----------
    n : int, default 2
        How many.
    sides : int, default 6
        Of each.

    Notes
    -----
    They are fair.
    """
    return Dice(n, sides, generator.integers(1, sides + 1, n).tolist())


def test_a_specimen_is_drawn_from_the_seed_and_recorded():
    specimen, recording = dice(3, sides=8, dose=5, random_state=1, lazy=True, chunks=2)
    assert specimen.values[:2] == (3, 8)
    assert (recording.dose, recording.lazy, recording.chunks) == (5.0, True, 2)
    assert recording.seed.entropy == 1
    again, _ = dice(3, sides=8, dose=None, random_state=1)
    other, _ = dice(3, sides=8, random_state=2)
    assert again.values == specimen.values != other.values


def test_the_truth_is_told_when_asked_for():
    (specimen, _), (truth, recording) = dice(random_state=1, return_truth=True)
    assert isinstance(specimen, Dice) and truth == "truth" and recording.dose == 20.0


def test_random_numbers_differ_from_those_of_others():
    thrown = dice(20, random_state=3)[0].values[2]
    assert thrown != np.random.default_rng(3).integers(1, 7, 20).tolist()


def test_help_has_all_arguments_in_one_place():
    assert list(inspect.signature(dice).parameters) == ["n", "sides", *SHARED]
    assert inspect.signature(dice).parameters["dose"].default == 20.0
    text = dice.__doc__
    order = ["Throw dice.", "    Of each.", "dose : float or None, default 20.0"]
    order += ["specimen and of the noise", "Returns\n-------", "truth : Eyes"]
    order += ["Raises\n------", "Notes\n-----", "They are fair."]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"faces": 6}, TypeError, r"dice\(\) got an unexpected keyword .*faces"),
        ({"generator": 6}, TypeError, "generator"),
        ({"dose": 0}, ValueError, "dose=0"),
        ({"random_state": "x"}, TypeError, "random_state='x'"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        dice(**arguments)


@each
def test_every_argument_is_documented_in_the_order_of_the_signature(name):
    parameters = inspect.signature(MADE[name]).parameters
    assert list(parameters)[-len(SHARED) :] == SHARED
    documented = list(Documentation.parse(MADE[name].__doc__).by_name())
    assert documented == list(parameters)


def stubs(name):
    """The two overloads of a data set that type checkers see."""
    tree = ast.parse((Path(data.__file__).parent / "__init__.pyi").read_text())
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]


@each
def test_type_checkers_see_the_same_arguments(name):
    own = inspect.signature(inspect.unwrap(MADE[name])).parameters
    expected = [argument for argument in own if argument != "generator"]
    truth = MADE[name].__doc__.split("\ntruth : ")[1].split("\n")[0]
    plain, with_truth = stubs(name)
    for stub in (plain, with_truth):
        arguments = [a.arg for a in (*stub.args.args, *stub.args.kwonlyargs)]
        assert arguments == [*expected, "return_truth"]
        for argument in (*stub.args.args, *stub.args.kwonlyargs[:-1]):
            kind = own[argument.arg].annotation
            if not isinstance(kind, str):
                kind = inspect.formatannotation(kind)
            assert ast.unparse(argument.annotation) == kind
    assert ast.unparse(plain.returns) == "ElectronDiffraction2D"
    assert ast.unparse(with_truth.returns) == f"tuple[ElectronDiffraction2D, {truth}]"


def test_type_checkers_see_the_same_names():
    tree = ast.parse((Path(data.__file__).parent / "__init__.pyi").read_text())
    names = ast.literal_eval(tree.body[-1].value)
    assert sorted(names) == sorted(data.__all__)
    recording = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    assert [a.target.id for a in recording.body] == SHARED[:-1]
