"""Scans of a few domains."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from hspy_cnmf import data
from hspy_cnmf.domains.division import Division
from hspy_cnmf.domains.held_out import Judge, Scan, thinned
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.view import View


def two_halves(seed, shape=(12, 12), electrons=300, bent=False):
    """Return counts of two structures side by side, 8 x 8 cells, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, int)
    labels[:, shape[1] // 2 :] = 1
    spots = rng.exponential(1, (2, 64)) ** 2
    patterns = spots[labels.ravel()]
    if bent:
        x = np.tile(np.linspace(-1, 1, 8), 8)
        tilt = np.linspace(-1.5, 1.5, shape[0]).repeat(shape[1])
        patterns = patterns * np.exp(tilt[:, np.newaxis] * x)
    patterns = 0.1 + patterns
    patterns *= electrons / patterns.sum(axis=1, keepdims=True)
    return rng.poisson(patterns).astype(np.float32), labels.ravel()


#: Arguments of `map_domains`, as they are by default.
DEFAULTS = {
    "n_domains": 2,
    "latent_dimension": None,
    "n_repeats": 2,
    "max_rounds": 1,
    "target_consistency": 0.98,
    "rotation_invariant": False,
    "tilt_invariant": True,
    "pattern_size": 16,
    "outer_radius": None,
    "random_state": 0,
}


def scan_of(counts, shape):
    """Return counts of 8 x 8 cells as a scan."""
    covered = np.ones((8, 8), bool)
    nuisances = Nuisances.of(counts, covered, is_polar=False, tilt_invariant=True)
    return Scan(counts, 300.0, Neighbourhood(np.ones(shape, bool)), nuisances)


def division_of(counts, labels, shape, seed=0, score=None, n_domains=None, seen=None):
    """Return the division with these labels, and a score if one is given.

    Labels of all electrons are those seen, or the same.
    """
    train, test = thinned(counts, np.random.default_rng(seed))
    scan = scan_of(counts, shape)
    judge = Judge(train, test, scan.neighbourhood, scan.nuisances)
    members = np.eye(n_domains or labels.max() + 1)[labels]
    sizes = np.maximum(members.sum(axis=0), 1)[:, np.newaxis]
    patterns = (members.T @ train) / sizes
    own = labels, patterns, np.zeros_like(labels)
    one_domain = 0 if score is None else judge.likelihood(*own) - score
    both = np.stack([labels, labels if seen is None else seen])
    return Division(members, judge, both, patterns, 0 * both, one_domain)


def square_view(size=16, **arguments):
    """Return what is seen of patterns of `size` x `size` pixels."""
    center = ((size - 1) / 2,) * 2
    return View.of(
        np.ones((size, size), bool),
        (0.1, 0.1),
        ("1/nm", "1/nm"),
        center,
        Settings(**(DEFAULTS | arguments)),
    )


QUICK = {
    "n_repeats": 3,
    "max_rounds": 1,
    "random_state": 0,
    "print_info": False,
}


def small_scan(**arguments):
    options = {
        "shape": (24, 24),
        "detector_shape": (32, 32),
        "n_variants": 3,
        "n_cells": 5,
        "bending": 1.0,
        "dose": 4000,
        "random_state": 1,
    }
    return data.layered_domains(**(options | arguments), return_truth=True)


def accuracy(labels, truth):
    inside = ~truth.boundary.data
    counts = np.zeros((labels.max() + 1, truth.labels.data.max() + 1))
    np.add.at(counts, (labels[inside], truth.labels.data[inside]), 1)
    return counts[linear_sum_assignment(-counts)].sum() / inside.sum()
