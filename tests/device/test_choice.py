"""Laws of the choice between processors and a GPU."""

from importlib.util import find_spec

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.device.choice import check_device, chooses_gpu, has_gpu


@pytest.mark.parametrize("device", ["cuda", 0, None, np.zeros(2)])
def test_unknown_device_is_refused_by_name(device):
    with pytest.raises(ValueError, match="device must be 'auto', 'cpu' or 'gpu'"):
        ConstrainedNMF(2, device=device).fit(np.ones((10, 8)))


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused_with_what_helps():
    error = RuntimeError if find_spec("cupy") else ImportError
    with pytest.raises(error, match="device='auto'"):
        check_device("gpu")


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_automatic_choice_without_a_gpu_are_the_processors():
    assert not chooses_gpu("auto", 100, 10, 400, 10**6, 2)


def test_small_work_stays_with_the_processors():
    assert not chooses_gpu("auto", 3, 10, 64, 1000, 2)


def test_result_tells_where_iterations_ran():
    data = np.random.default_rng(0).random((200, 150))
    model = ConstrainedNMF(2, n_init=1, max_iter=5, compression=20, device="cpu")
    assert model.fit(data).result_.parameters["device"] == "cpu"
