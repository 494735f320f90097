"""Which phase groups and their components are, and how they are turned."""

from dataclasses import dataclass

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.phases.orientation import member_matrix


@dataclass(frozen=True, eq=False, repr=False)
class GroupPhases:
    """Phase and orientation of each group.

    Attributes
    ----------
    clusters : DiffractionClusters
        The groups.
    phases : list of orix.crystal_map.Phase
        Candidates, with all atoms of their cells.
    matrices : numpy.ndarray, shape (n_groups, 3, 3)
        From the crystal's frame to (kx, ky, kz), of the candidate that explains most;
        NaN where none does.
    phase_ids : numpy.ndarray of int, shape (n_groups,)
        Number of the phase of each group; -1 where it is none of the candidates,
        amorphous or undecided.
    """

    clusters: DiffractionClusters
    phases: list[Phase]
    matrices: np.ndarray
    phase_ids: np.ndarray

    @property
    def component_matrices(self) -> np.ndarray:
        """Matrices of the components that were clustered, shape (n, 3, 3)."""
        labels, turns, mirrored = (
            np.asarray(signal.data)
            for signal in (
                self.clusters.labels,
                self.clusters.member_rotation,
                self.clusters.member_mirrored,
            )
        )
        return np.stack(
            [
                member_matrix(self.matrices[group], turn, over)
                for group, turn, over in zip(labels, turns, mirrored, strict=True)
            ]
        )

    @property
    def component_phases(self) -> np.ndarray:
        """Number of the phase of each component that was clustered, -1 for none."""
        return self.phase_ids[np.asarray(self.clusters.labels.data)]
