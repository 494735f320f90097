"""Damaged, cut and newer files: what was stored, or a refusal in words."""

import json
import logging
import math
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf._hyperspy import nodes
from tests.conftest import QUICK
from tests.helpers.fuzzing import holds_for_all, refusal

#: What may stand where something was stored.
RUBBISH = (
    None,
    "",
    "{",
    "[]",
    "{}",
    '{"n_iter": [1]}',
    b"x",
    -1,
    0,
    7,
    10**20,
    math.nan,
    True,
    [],
    {"a": 1},
    np.zeros(0),
    np.zeros((2, 3)),
    np.full((3, 3), np.nan),
    np.array(["a"]),
    object(),
)

GETTERS = {
    "Diffraction_clusters": hspy_cnmf.get_clusters,
    "Decomposition_residual": hspy_cnmf.get_residual,
    "Component_check": hspy_cnmf.get_component_check,
    "Component_fractions": hspy_cnmf.get_fractions,
    "Output_dimension_scan": hspy_cnmf.get_scan,
    "Diffraction_domains": hspy_cnmf.get_domains,
}


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def make_analysed():
    """Return a small signal that keeps results of all kinds."""
    signal = hspy_cnmf.data.twinned_silver((8, 10), binning=4, random_state=0)
    signal.decomposition(**QUICK, prune=False)
    signal.cluster_diffraction(print_info=False)
    signal.get_decomposition_residual(gain=1)
    signal.get_component_fractions(gain=1)
    signal.check_components()
    signal.scan_output_dimension([2, 3], n_init=2, max_iter=5, print_info=False)
    signal.map_domains(2, n_repeats=2, max_rounds=1, print_info=False)
    return signal


@pytest.fixture(scope="module")
def analysed():
    return make_analysed()


def damaged_bytes(draw, content):
    """Draw what becomes of a file: bits change, parts are lost, zero or doubled."""
    damaged = bytearray(content)
    how = draw(st.sampled_from(["flip", "flip", "cut", "zero", "twice", "head"]))
    start = draw(st.integers(0, len(content) - 1))
    size = draw(st.sampled_from([1, 8, 512]))
    if how == "flip":
        for place in (start, *(draw(st.integers(0, len(content) - 1)),) * (size > 1)):
            damaged[place] ^= 1 << draw(st.integers(0, 7))
    elif how == "cut":
        del damaged[start:]
    elif how == "zero":
        damaged[start : start + size] = bytes(len(damaged[start : start + size]))
    elif how == "twice":
        damaged[start:start] = damaged[start : start + size]
    else:
        del damaged[:start]
    return bytes(damaged)


def law_of_sketches(draw, content, path):
    """A changed sketch is the one that was written, or is refused."""
    path.write_bytes(damaged_bytes(draw, content))
    try:
        sketch = hspy_cnmf.Sketch.load(path)
    except Exception as error:
        refusal(error, [path.name])
        return
    path.write_bytes(content)
    whole = hspy_cnmf.Sketch.load(path)._content()
    for name, value in sketch._content().items():
        np.testing.assert_array_equal(value, whole[name])


def law_of_scans(draw, content, path):
    """A changed scan is read, or is refused."""
    path.write_bytes(damaged_bytes(draw, content))
    try:
        hspy_cnmf.load_scan(path).summary()
    except Exception as error:
        refusal(error)


def damaged_text(draw, text):
    """Draw another text: cut, a character changed, or JSON with another entry."""
    how = draw(st.sampled_from(["cut", "letter", "entry", "entry", "item"]))
    place = draw(st.integers(0, max(len(text) - 1, 0)))
    if how == "cut":
        return text[:place]
    if how == "letter":
        return text[:place] + draw(st.sampled_from('0-9"[]{}é\x00')) + text[place + 1 :]
    content = json.loads(text) if text.startswith("{") else None
    if not isinstance(content, dict) or not content:
        return text[:place]
    name = draw(st.sampled_from(sorted(content)))
    if how == "item" and isinstance(content[name], list) and content[name]:
        content[name] = content[name][:-1]
    elif draw(st.booleans()):
        del content[name]
    else:
        values = (None, -1, 99, 0.5, 1e300, "x", [], [[]], {}, [1, "a"], True)
        content[name] = draw(st.sampled_from(values))
    return json.dumps(content)


def damaged_value(draw, value):
    """Draw what stands in the place of a value."""
    if isinstance(value, str) and value and draw(st.sampled_from([True, True, False])):
        return damaged_text(draw, value)
    if isinstance(value, np.ndarray) and value.ndim and draw(st.booleans()):
        changes = (
            lambda: value[:-1],
            lambda: value[..., :-1],
            lambda: value[np.newaxis],
            lambda: np.full(value.shape, np.nan),
            lambda: value.astype(complex),
            lambda: value.astype(str),
        )
        return draw(st.sampled_from(changes))()
    return draw(st.sampled_from(RUBBISH))


def law_of_learning_results(draw, analysed):
    """Changed learning results are told in words, wherever they are used."""
    signal = analysed.deepcopy()
    results = signal.learning_results
    names = [n for n, v in vars(results).items() if v is not None]
    name = draw(st.sampled_from(sorted(names)))
    if draw(st.sampled_from([True, False, False])):
        delattr(results, name) if "nmf" in name else setattr(results, name, None)
    else:
        setattr(results, name, damaged_value(draw, getattr(results, name)))
    uses = (
        lambda: hspy_cnmf.get_result(signal).summary(),
        lambda: hspy_cnmf.get_result(signal).agreement_summary(),
        lambda: signal.get_component_fractions(gain=1),
        lambda: signal.get_decomposition_residual(gain=1, refit=None),
        lambda: signal.check_components(),
        lambda: signal.cluster_diffraction(print_info=False),
        lambda: hspy_cnmf.get_clusters(signal).summary(),
    )
    use = draw(st.sampled_from(uses))
    try:
        use()
    except Exception as error:
        refusal(error, about=f"{name}={getattr(results, name, '-')!r:.90}:")


def law_of_nodes(draw, analysed):
    """Changed nodes of the metadata are told in words."""
    node = draw(st.sampled_from(sorted(GETTERS)))
    content = nodes.get_items(analysed, node)
    name = draw(st.sampled_from(sorted(content)))
    value = content[name]
    if hasattr(value, "data") and draw(st.booleans()):
        content[name] = other = value.deepcopy()
        other.data = damaged_value(draw, value.data)
    else:
        content[name] = damaged_value(draw, value)
    signal = analysed._deepcopy_with_new_data(analysed.data)
    signal.learning_results = analysed.learning_results
    nodes.forget(signal, node)
    signal.metadata.set_item(node, {})
    for key, item in content.items():
        signal.metadata.get_item(node).set_item(key, item)
    try:
        GETTERS[node](signal).summary()
    except Exception as error:
        about = f"{node}.{name}={content[name]!r:.300}:"
        refusal(error, [GETTERS[node](analysed).noun], about)


def test_sketches(analysed, fuzz, tmp_path):
    path = tmp_path / "sketch.npz"
    hspy_cnmf.make_sketch(analysed, 4, random_state=0).save(path)
    content = path.read_bytes()
    holds_for_all(fuzz or 150, lambda draw: law_of_sketches(draw, content, path))


def test_scans(analysed, fuzz, tmp_path):
    path = tmp_path / "scan.hspy"
    hspy_cnmf.get_scan(analysed).save(path)
    content = path.read_bytes()
    holds_for_all(fuzz or 20, lambda draw: law_of_scans(draw, content, path))


@pytest.mark.parametrize("law", [law_of_learning_results, law_of_nodes])
def test_what_signals_keep(law, analysed, fuzz):
    holds_for_all(fuzz or 60, lambda draw: law(draw, analysed))


def test_arrays_that_claim_to_be_huge_take_no_memory(analysed, tmp_path):
    path = tmp_path / "sketch.npz"
    hspy_cnmf.make_sketch(analysed, 4, random_state=0).save(path)
    other = tmp_path / "huge.npz"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "basis_images.npy":
                start = content.index(b"(4, ")
                claimed = content[:start] + b"(4, 1000000000000), }"
                content = claimed.ljust(127) + b"\n" + content[128:]
            new.writestr(member.filename, content)
    with pytest.raises(ValueError, match=r"basis_images\.npy claims 16000000000128 by"):
        hspy_cnmf.Sketch.load(other)
