"""Which phases groups and their components are, and how they are turned."""

from dataclasses import dataclass

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.phases.orientation import member_matrix


@dataclass(frozen=True, eq=False, repr=False)
class GroupPhases:
    """Phases and orientations of the crystals of groups.

    The first ``n_groups`` crystals are one of each group, in their order; after them
    are the second ones of groups that have two, or one that is none of the candidates.

    Attributes
    ----------
    clusters : DiffractionClusters
        The groups.
    phases : list of orix.crystal_map.Phase
        Candidates, with all atoms of their cells.
    matrices : numpy.ndarray, shape (n_crystals, 3, 3)
        From the crystal's frame to (kx, ky, kz), of the candidate that explains most;
        NaN where none does.
    phase_ids : numpy.ndarray of int, shape (n_crystals,)
        Number of the phase of each; -1 where it is none of the candidates, amorphous
        or undecided.
    groups : numpy.ndarray of int, shape (n_crystals,)
        Group in whose pattern each is.
    parts : numpy.ndarray, shape (n_crystals,)
        Part of what is in a group's spots that is the crystal's: 1 in all, of a group.
    """

    clusters: DiffractionClusters
    phases: list[Phase]
    matrices: np.ndarray
    phase_ids: np.ndarray
    groups: np.ndarray
    parts: np.ndarray

    @property
    def members(self) -> np.ndarray:
        """Pairs of a component that was clustered and one of its crystals, (n, 2).

        Each component with its first crystal, then those that have a second with it.
        """
        labels = np.asarray(self.clusters.labels.data)
        second = np.arange(self.clusters.n_clusters, len(self.groups))
        pairs = [
            (component, crystal)
            for crystal in second
            for component in np.flatnonzero(labels == self.groups[crystal])
        ]
        return np.array([*enumerate(labels), *pairs], dtype=int).reshape(-1, 2)

    @property
    def component_matrices(self) -> np.ndarray:
        """Matrices of the crystals of components, as in `members`, (n, 3, 3)."""
        turns, mirrored = (
            np.asarray(signal.data)
            for signal in (self.clusters.member_rotation, self.clusters.member_mirrored)
        )
        return np.stack(
            [
                member_matrix(
                    self.matrices[crystal], turns[component], mirrored[component]
                )
                for component, crystal in self.members
            ]
        )

    @property
    def component_phases(self) -> np.ndarray:
        """Numbers of their phases, as in `members`, -1 for none."""
        return self.phase_ids[self.members[:, 1]]
