"""Decomposed data sets, and what their components truly are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.clustering.truth import (
    adjusted_rand,
    components_of_crystals,
    components_of_grains,
)
from hspy_cnmf import data, structure_mask

FACTORS = {
    "constrained": {"prune": False},
    "pruned": {},
    "primitive": {
        "factor_constraint": None,
        "loading_constraint": None,
        "prune": False,
    },
}

#: How to tell the truth of a component of each data set.
TRUTHS = {
    "metallic_glass": components_of_crystals,
    "twinned_silver": components_of_grains,
}


@dataclass(frozen=True)
class Case:
    """A decomposed data set, and what its components truly are.

    `families`, `largest`, `mean` and `purity` are as `components_of_crystals` returns
    them; `weights` are the norms of the components' maps.
    """

    signal: object
    truth: data.Truth
    families: np.ndarray
    largest: np.ndarray
    mean: np.ndarray
    purity: np.ndarray
    weights: np.ndarray

    @classmethod
    def make(cls, name, seed, simulation, decomposition, cache=None, **options):
        """Simulate and decompose with one seed, or take the components of a cache.

        Parameters
        ----------
        name : str
            Data set.
        seed : int
            Of the data set and of the decomposition.
        simulation, decomposition : dict
            Arguments of the data set and of the decomposition.
        cache : pathlib.Path or None
            Folder that keeps decompositions.
        **options
            For `components_of_crystals`.
        """
        file = cache and cache / _file_name(name, seed, simulation | decomposition)
        known = bool(file) and file.exists()
        signal, truth = getattr(data, name)(
            random_state=seed, return_truth=True, lazy=known, **simulation
        )
        if known:
            signal.learning_results.load(str(file))
        else:
            signal.decomposition(
                algorithm="constrained_nmf",
                signal_mask=structure_mask(signal),
                random_state=seed,
                print_info=False,
                show_progressbar=False,
                **decomposition,
            )
            if file:
                cache.mkdir(parents=True, exist_ok=True)
                signal.learning_results.save(str(file), overwrite=True)
        maps = signal.get_decomposition_loadings().data
        maps = maps[maps.any(axis=(1, 2))]  # the others take no part
        weights = np.linalg.norm(maps.reshape(len(maps), -1), axis=1)
        return cls(signal, truth, *TRUTHS[name](maps, truth, **options), weights)

    def cluster(self, **settings):
        """Cluster as a user does."""
        return self.signal.cluster_diffraction(
            print_info=False, show_progressbar=False, **settings
        )

    @property
    def n_families(self):
        """Number of families that there are components of, amorphous included."""
        return len(np.unique(self.families))

    def agreement(self, labels):
        """Return adjusted Rand indices of groups.

        Returns
        -------
        weighted, even, crystals : float
            Components weighted by their maps; not weighted; weighted, but only those
            that are crystals.
        """
        every = np.ones(len(labels), dtype=bool)
        is_crystal = self.families > 0
        return tuple(
            adjusted_rand(self.families[part], labels[part], weights[part])
            for part, weights in (
                (every, self.weights),
                (every, np.ones(len(labels))),
                (is_crystal, self.weights),
            )
        )


def _file_name(name, seed, arguments):
    settings = "".join(f"-{key}={value}" for key, value in arguments.items())
    return Path(f"{name}{settings}-seed={seed}.npz")
