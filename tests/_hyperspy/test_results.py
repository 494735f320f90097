"""Results kept in signals: whole after save and load, refused in words where not."""

import html
import json
from dataclasses import dataclass, fields
from numbers import Real
from typing import ClassVar

import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signal import BaseSignal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.results import SCHEMA, StoredResult
from hspy_cnmf.tables import Table
from tests.conftest import QUICK

#: Each kind of result, and its getter.
GETTERS = {
    hspy_cnmf.ComponentCheck: hspy_cnmf.get_component_check,
    hspy_cnmf.ComponentFractions: hspy_cnmf.get_fractions,
    hspy_cnmf.DiffractionClusters: hspy_cnmf.get_clusters,
    hspy_cnmf.OutputDimensionScan: hspy_cnmf.get_scan,
    hspy_cnmf.Residual: hspy_cnmf.get_residual,
    hspy_cnmf.SolutionBands: hspy_cnmf.get_bands,
}


@dataclass(frozen=True, eq=False, repr=False)
class Thickness(StoredResult):
    """A result as small as one can be, with a field of each kind."""

    node = "Specimen_thickness"
    noun = "thickness"
    command = "s.get_thickness()"
    shapes: ClassVar = {"thickness": "map", "spectra": "n map", "peaks": "n"}
    entries: ClassVar = {"mean_free_path": Real}

    thickness: BaseSignal
    spectra: BaseSignal
    peaks: BaseSignal | None
    table: Table
    parameters: dict

    def summary(self):
        return f"{self.thickness.data.mean():.3g} nm on average"


def thickness(peaks=True):
    return Thickness(
        hs.signals.Signal2D(np.ones((3, 4))),
        hs.signals.Signal2D(np.ones((2, 3, 4))),
        hs.signals.Signal1D(np.arange(2.0)) if peaks else None,
        Table.from_columns(name=["a", "b"], size=np.array([1, 2], np.int16)),
        {"mean_free_path": np.float32(0.5), "list": np.arange(2)},
    )


def scan():
    return hs.signals.Signal2D(np.zeros((3, 4, 5, 6)))


@pytest.fixture(scope="module")
def analysed():
    """Return a small signal that keeps all results."""
    signal = hspy_cnmf.data.twinned_silver((8, 10), binning=4, random_state=0)
    signal.decomposition(**QUICK, prune=False)
    signal.cluster_diffraction(print_info=False)
    signal.get_decomposition_residual()
    signal.get_component_fractions()
    signal.check_components()
    signal.get_solution_bands()
    signal.scan_output_dimension([2, 3], n_init=2, max_iter=5)
    return signal


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_what_is_kept_is_read_after_save_and_load(tmp_path, extension):
    signal = scan()
    kept = thickness().keep_in(signal)
    signal.save(tmp_path / f"s.{extension}")
    loaded = Thickness.read_from(hs.load(tmp_path / f"s.{extension}"))
    np.testing.assert_array_equal(loaded.spectra.data, kept.spectra.data)
    assert loaded.table.tolist() == kept.table.tolist()
    assert loaded.parameters == {"mean_free_path": 0.5, "list": [0, 1]}


def test_another_result_leaves_nothing_of_the_one_before():
    signal = scan()
    thickness().keep_in(signal)
    thickness(peaks=False).keep_in(signal)
    assert Thickness.read_from(signal).peaks is None


def test_there_is_none():
    assert not Thickness.is_in(scan())
    with pytest.raises(RuntimeError, match=r"no thickness: run s\.get_thickness\(\)"):
        Thickness.read_from(scan())


def test_files_of_before_there_were_versions_are_read():
    signal = scan()
    thickness().keep_in(signal)
    del signal.metadata.hspy_cnmf._Specimen_thickness.schema
    assert Thickness.read_from(signal).parameters["mean_free_path"] == 0.5


@pytest.mark.parametrize("version", [SCHEMA + 1, np.int64(99)])
def test_newer_files_are_refused(version):
    signal = scan()
    thickness().keep_in(signal)
    signal.metadata.hspy_cnmf._Specimen_thickness.schema = version
    with pytest.raises(ValueError, match=r"version .*: install a newer one"):
        Thickness.read_from(signal)


@pytest.mark.parametrize("change", ["crop", "rebin", "transpose"])
def test_results_that_no_longer_fit_are_refused(change):
    signal = scan()
    thickness().keep_in(signal)
    changed = {
        "crop": lambda: signal.inav[:2],
        "rebin": lambda: signal.rebin(scale=[2, 1, 1, 1]),
        "transpose": lambda: signal.T,
    }[change]()
    with pytest.raises(ValueError, match="cropped, rebinned or transposed"):
        Thickness.read_from(changed)


@pytest.mark.parametrize("kind", GETTERS)
def test_every_kind_of_result_is_read(analysed, kind):
    result = GETTERS[kind](analysed)
    assert isinstance(result, kind)
    assert {field.name for field in fields(kind)} <= set(vars(result))


@pytest.mark.parametrize("kind", GETTERS)
def test_what_is_shown_is_the_summary(analysed, kind):
    result = GETTERS[kind](analysed)
    summary = result.summary()
    assert repr(result) == f"<{kind.__name__}: {summary}>"
    assert html.escape(summary) in result._repr_html_()
    assert "nan" not in summary


@pytest.mark.parametrize("kind", GETTERS)
def test_notebooks_show_a_picture_or_a_table_and_little_is_stored(analysed, kind):
    shown = GETTERS[kind](analysed)._repr_html_()
    # The summary of a scan is a table.
    assert any(part in shown for part in ("<img", "<table>", "output_dimension"))
    assert len(shown) < 60_000


#: What may stand in the place of an item of a damaged file.
RUBBISH = st.one_of(
    st.sampled_from(
        [None, "", "{", "{}", "[]", "null", '{"components": [0, 99]}', b"x"]
    ),
    st.integers(-3, 10**20),
    st.floats(),
    st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=2),
    st.builds(
        lambda shape: hs.signals.Signal2D(np.zeros(shape)),
        st.tuples(*[st.integers(1, 4)] * 3),
    ),
)


@pytest.mark.parametrize("kind", GETTERS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_damaged_results_are_refused_in_words(analysed, kind, data):
    whole = nodes.content_of(analysed, kind.node)
    damaged = {name: whole.get_item(name) for name in whole.keys()}
    name = data.draw(st.sampled_from(sorted(damaged)))
    how = data.draw(st.sampled_from(["missing", "replaced", "truncated", "entry"]))
    if how == "missing":
        del damaged[name]
    elif how == "replaced":
        damaged[name] = data.draw(RUBBISH)
    elif how == "entry" and isinstance(damaged[name], str):
        content = json.loads(damaged[name])
        entry = data.draw(st.sampled_from(sorted(content)))
        content[entry] = data.draw(st.sampled_from([None, "x", -1, [], {}, [1, "x"]]))
        damaged[name] = json.dumps(content)
    elif isinstance(damaged[name], str):
        text = damaged[name]
        damaged[name] = text[: data.draw(st.integers(0, len(text)))]
    elif isinstance(damaged[name], BaseSignal):
        damaged[name] = damaged[name].deepcopy()
        damaged[name].data = damaged[name].data[:-1]
    analysed.metadata.set_item(f"hspy_cnmf._{kind.node}", damaged)
    try:
        result = GETTERS[kind](analysed)
        repr(result), result.summary()
    except ValueError as error:
        assert f"The {kind.noun} kept in this signal cannot be used" in str(error)
        assert kind.command in str(error)
    finally:
        analysed.metadata.set_item(f"hspy_cnmf._{kind.node}", whole)
