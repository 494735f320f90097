"""Laws of files of arrays that say themselves whether they are whole."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from hspy_cnmf.operators.sketch_file import checksum, read_arrays, write_arrays

ARRAYS = st.dictionaries(
    st.sampled_from(["basis", "sums", "a b", "seed"]),
    some.arrays(
        st.sampled_from(["f4", "f8", ">i2", "u1", "?"]),
        some.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    min_size=1,
)


@settings(deadline=None, max_examples=30)
@given(ARRAYS)
def test_every_bit_comes_back(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("sketch") / "file"
    write_arrays(path, content)
    found = read_arrays(path)
    assert found.keys() == content.keys()
    for name, array in content.items():
        assert found[name].tobytes() == array.tobytes()
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
    assert checksum(found) == checksum(content)


@settings(deadline=None, max_examples=30)
@given(ARRAYS)
def test_checksums_know_names_shapes_and_types_but_no_order(content):
    assert checksum(dict(reversed(content.items()))) == checksum(content)
    name, array = next(iter(content.items()))
    others = [
        {n: a for n, a in content.items() if n != name} | {"other": array},
        content | {name: array.reshape(1, *array.shape)},
        content | {name: array.astype("c16")},
    ]
    if array.size:
        changed = array.copy()
        changed.flat[0] = not changed.flat[0]
        others.append(content | {name: changed})
    assert all(checksum(other) != checksum(content) for other in others)


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "file"
    write_arrays(path, {"sums": np.arange(500.0), "seed": np.array(3)})
    return path


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_changed_byte_is_seen_or_changes_nothing(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("sketch") / "file"
    content = {"sums": np.arange(20.0), "seed": np.array(3)}
    write_arrays(path, content)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    try:
        found = read_arrays(path)
    except ValueError as error:
        assert "cannot be read" in str(error) or "checksum" in str(error)
    else:
        assert checksum(found) == checksum(content)


def test_half_a_file_and_other_files_are_refused_in_words(kept):
    whole = kept.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"something else"):
        kept.write_bytes(content)
        with pytest.raises(ValueError, match="it cannot be read"):
            read_arrays(kept)
    with kept.open("wb") as file:
        np.savez(file, sums=np.arange(500.0))
    with pytest.raises(ValueError, match="its checksum is another, or it has none"):
        read_arrays(kept)


def test_arrays_that_claim_more_than_there_is_are_refused_by_name(kept):
    whole = kept.read_bytes()
    header = b"'shape': (500,)"
    assert header in whole
    kept.write_bytes(whole.replace(header, b"'shape': (9e9,)".replace(b"9e9", b"999")))
    with pytest.raises(ValueError, match=r"sums\.npy claims 8120 bytes, where 4128"):
        read_arrays(kept)


def test_a_file_that_is_not_there_is_no_damaged_one(tmp_path):
    with pytest.raises(OSError):
        read_arrays(tmp_path / "none")
    with pytest.raises(ValueError, match="There is no folder"):
        write_arrays(tmp_path / "no folder" / "file", {"a": np.ones(2)})
    assert os.listdir(tmp_path) == []
