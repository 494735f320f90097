"""Scans whose phases are known, decomposed and clustered."""

from dataclasses import dataclass

import numpy as np

from benchmarks import phases_pyxem
from hspy_cnmf import data, structure_mask

#: Data sets.
DATA = {
    "iron_grains": data.iron_grains,
    "kinematic_silver_twins": data.kinematic_silver_twins,
    "glass_crystals": data.glass_crystals,
    "aluminium_precipitates": data.aluminium_precipitates,
    "simulated_overlap": phases_pyxem.simulated_overlap,
    "fe_multi_phase_grains": phases_pyxem.fe_multi_phase_grains,
}

#: Those with a direct beam, which is masked.
WITH_BEAM = ("simulated_overlap", "fe_multi_phase_grains")

#: Distance within which patterns are of one group: wide spots are all alike.
DISTANCE, DISTANCE_OF_WIDE = 0.2, 0.1

#: Largest excitation errors in 1/Å where they are not those of the others.
EXCITATION = {"fe_multi_phase_grains": 0.1}

#: What is never there, and by what the cells of what is there are scaled.
WRONG = ("Cu", "Si", "Ti")
SCALED = (0.98, 1.02)


@dataclass(frozen=True)
class Scan:
    """A scan, decomposed and clustered, with its truth."""

    signal: object
    truth: object
    clusters: object
    mask: object = None

    @classmethod
    def of(cls, name, dose, seed, **arguments):
        """Simulate, decompose with the true number of components, and cluster."""
        signal, truth = DATA[name](
            dose=dose, random_state=seed, return_truth=True, **arguments
        )
        mask = structure_mask(signal) if name in WITH_BEAM else None
        signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=len(truth.phase_ids),
            random_state=seed,
            n_init=2,
            signal_mask=mask,
            print_info=False,
            show_progressbar=False,
        )
        clusters = signal.cluster_diffraction(
            distance_threshold=DISTANCE_OF_WIDE if name in WITH_BEAM else DISTANCE,
            print_info=False,
            show_progressbar=False,
        )
        return cls(signal, truth, clusters, mask)

    @property
    def members(self):
        """The component of the truth that each that was found is, -1 if unclear."""
        found = self.signal.get_decomposition_loadings().data
        found = found[self.clusters.components.indices]
        maps = [m.reshape(len(m), -1) for m in (found, self.truth.loadings.data)]
        maps = [m - m.mean(axis=1, keepdims=True) for m in maps]
        # The map of a film is even: what is like nothing else may be that.
        norms = [np.linalg.norm(m, axis=1, keepdims=True) for m in maps]
        even = norms[1][:, 0] < 1e-6 * self.truth.loadings.data.max()
        maps = [m / np.maximum(n, 1e-12) for m, n in zip(maps, norms, strict=True)]
        likeness = maps[0] @ maps[1].T
        likeness[:, even] = 0.7
        return np.where(likeness.max(axis=1) >= 0.7, likeness.argmax(axis=1), -1)
