"""Laws of what is answered of reduced patterns."""

from contextlib import nullcontext

import numpy as np

from hspy_cnmf.domains.answer import answer
from hspy_cnmf.domains.settings import Settings
from tests.helpers.domain_scans import DEFAULTS, square_view, two_halves


def test_two_halves_are_answered_in_order_of_size_with_what_was_done():
    counts, labels = two_halves(0, (12, 15))
    patterns = np.zeros((180, 16, 16), np.float32)
    patterns[:, 4:12, 4:12] = counts.reshape(-1, 8, 8)
    keep, settings, told = np.ones((12, 15), bool), Settings(**DEFAULTS), []
    (trained, places, probabilities, agreement), run = answer(
        square_view(),
        patterns.reshape(180, 256),
        keep,
        settings,
        lambda label, n_parts: nullcontext(told.append(label)),
    )
    expected = labels == 0 if (labels == 0).sum() < 90 else labels == 1
    assert (probabilities.argmax(axis=1) == expected).mean() > 0.98
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert len(places) == len(agreement) == 180
    assert trained.probabilities.shape == (180, 2)
    assert run["status"] in ("target_consistency", "max_rounds")
    assert run["doubts"] == [] and run["embedding"] == run["tried"][0][0]
    assert sum("trying" in label for label in told) >= len(run["tried"])
    assert sum("repeating" in label for label in told) == settings.n_repeats
