"""The model of costs: operations and bytes, counted exactly."""

import numpy as np
import pytest

from hspy_cnmf import Machine, estimate_cost
from hspy_cnmf.operators.range_finder import refinements
from tests.decomposition.test_cost import unreadable


def test_a_product_with_the_data_is_counted_exactly():
    scan = unreadable((20, 30), (40, 50))
    machine = Machine(n_threads=1, read=1e30, convert=1e30, product=1, iterate=1e30)
    few, many = (
        estimate_cost(scan, 2, compression=r, machine=machine).parts[0].seconds
        for r in (10, 20)
    )
    # Readings of two products, the last with half of the images.
    products = 3.5 + 2 * refinements((600, 2000))
    expected = [products * 2 * n * 600 * 2000 for n in (10, 20)]
    assert [few, many] == pytest.approx(expected)


def test_products_of_few_counts_cost_less():
    scan = unreadable((20, 30), (40, 50))
    times = [
        estimate_cost(scan, 2, machine=Machine(counts=share)).parts[0].seconds
        for share in (0.005, 0.01, 0.02, 0.1)
    ]
    assert times == sorted(times) and len(set(times)) == 4
    assert times[-1] == estimate_cost(scan, 2, machine=Machine()).parts[0].seconds


def test_sums_of_pixels_are_counted_where_counts_are_few():
    scan, few = unreadable((40, 40), (128, 128), 128), Machine(mean=0.03)
    many, tried, twice = (
        estimate_cost(scan, 3, machine=m)
        for m in (Machine(), Machine(mean=0.1), few)  # 2 x 2 pixels; and 4 x 4
    )
    names = [part.name for part in many.parts]
    assert "summed pixels" not in names
    for cost in (tried, twice):
        assert [part.name for part in cost.parts] == [
            names[0], "summed pixels", *names[1:],
        ]  # fmt: skip
        # And the last iteration reads again, as noise changes its maps.
        assert cost.passes == many.passes + 2 + refinements((1600, 128**2))
        assert cost.parts[2].memory > many.parts[1].memory
    assert twice.parts[1].memory > tried.parts[1].memory
    assert twice.parts[1].seconds > tried.parts[1].seconds
    # Pixels are summed in blocks: their products are smaller than those of the sketch.
    assert twice.parts[1].memory < twice.parts[0].memory
    assert twice.parts[1].seconds < twice.parts[0].seconds
    on_sketch = estimate_cost(scan, 3, machine=few, last_iteration="sketch")
    floats = estimate_cost(unreadable((40, 40), (128, 128), dtype="f4"), 3, machine=few)
    assert len(on_sketch.parts) == len(floats.parts) == len(names)


def test_masks_leave_out_work_and_chunks_of_which_nothing_is_left():
    scan = unreadable((40, 40), (40, 40))
    mask = np.zeros((40, 40), dtype=bool)
    mask[:20] = True
    whole, half = (estimate_cost(scan, 3, signal_mask=m) for m in (None, mask))
    assert half.passes == whole.passes and half.n_pixels == 800
    assert half.bytes_read == whole.bytes_read * 24 / 40  # chunks of 16, 16 and 8 rows
    assert half.parts[-1].name == whole.parts[-1].name == "last iteration"
    assert half.parts[-1].seconds < whole.parts[-1].seconds
