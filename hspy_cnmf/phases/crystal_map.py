"""Phases and orientations at each position, as an orix crystal map."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from orix.crystal_map import CrystalMap, Phase, PhaseList
from orix.quaternion import Rotation

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.clustering.inputs import Components
from hspy_cnmf.patterns.quaternions import quaternions_of
from hspy_cnmf.phases.crystal_symmetry import with_own_symmetry
from hspy_cnmf.phases.group_phases import GroupPhases

#: A crystal is where its map is above this part of its maximum: as wide as particles.
HALF = 0.5

#: One lies over another where its own map is above this part of its maximum: at an
#: inclined boundary, where shares add up to 1, two are above half at no position.
_OVERLAPPING = 0.25


def crystal_map(
    identification: GroupPhases,
    n_overlapping: int = 2,
    errors: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> CrystalMap:
    """Return phases and orientations at each position of the scan.

    Parameters
    ----------
    identification : GroupPhases
        Of groups that have maps of one or two dimensions.
    n_overlapping : int, default 2
        Crystals that are kept where several lie over each other, or are in one
        component.
    errors : mapping of str to numpy.ndarray, shape (n_crystals,), optional
        Further properties by their names: of each crystal one value.

    Returns
    -------
    orix.crystal_map.CrystalMap
        A crystal is where its map is above half of its maximum, and of several the one
        with the largest share of counts comes first: ``phase_id`` and ``rotations``
        are its, ``rotations[:, 1]`` are the next's. Positions without one are not
        indexed. With it are others whose maps are above a quarter of their maxima.
        Properties: ``component``, ``share`` (of the counts) of the first, and
        ``phase_id_2``, ``component_2``, ``share_2`` of the next and so on, -1 and 0
        where there is none; and `errors`, likewise, NaN where there is none.

    Raises
    ------
    ValueError
        If there are no maps, or they have more than two dimensions.
    """
    if not n_overlapping >= 1:
        raise ValueError(f"n_overlapping={n_overlapping!r} must be 1 or more.")
    shares = shares_of_counts(identification)
    components, crystals = identification.members.T
    named = (identification.component_phases >= 0)[:, None]
    there, beside = (named & present(shares, part) for part in (HALF, _OVERLAPPING))
    rank = np.where(there, 1 + shares, np.where(beside, shares, 0))
    order = np.argsort(-rank, axis=0, kind="stable")[:n_overlapping]
    known = np.take_along_axis(beside & there.any(axis=0), order, axis=0)
    phases = np.where(known, identification.component_phases[order], -1)
    to_crystal = np.swapaxes(identification.component_matrices, 1, 2)
    to_crystal = np.where(np.isnan(to_crystal), np.eye(3), to_crystal)
    turns = quaternions_of(to_crystal)[order]
    turns = np.where(known[..., np.newaxis], turns, [1.0, 0, 0, 0])
    turns = np.swapaxes(turns, 0, 1)
    if len(order) == 1:
        turns = turns[:, 0]
    properties = {}
    for layer, (which, is_there) in enumerate(zip(order, known, strict=True)):
        end = f"_{layer + 1}" if layer else ""
        indices = identification.clusters.components.indices[components[which]]
        share = np.take_along_axis(shares, which[None], axis=0)[0]
        properties[f"component{end}"] = np.where(is_there, indices, -1)
        properties[f"share{end}"] = np.where(is_there, share, 0.0)
        for name, values in errors.items():
            of_each = np.asarray(values, float)[crystals[which]]
            properties[f"{name}{end}"] = np.where(is_there, of_each, np.nan)
        if layer:
            properties[f"phase_id{end}"] = phases[layer]
    return CrystalMap(
        rotations=Rotation(turns),
        phase_id=phases[0],
        **_coordinates(identification.clusters.components),
        phase_list=_phase_list(identification.phases),
        prop=properties,
    )


def shares_of_counts(identification: GroupPhases) -> np.ndarray:
    """Return the share of the crystals of components at each position.

    Returns
    -------
    numpy.ndarray, shape (n, n_positions)
        In the order of `GroupPhases.members`, of the counts that all components of the
        signal explain; 0 where masked. Of two crystals in one component each has its
        part.
    """
    components = identification.clusters.components
    loadings = components.loadings
    if loadings is None or loadings.axes_manager.signal_dimension > 2:
        found = "none" if loadings is None else f"{loadings!r}"
        raise ValueError(
            f"A map of phases needs maps of one or two dimensions: there are {found}. "
            "Cluster a signal with one or two navigation axes."
        )
    maps = np.nan_to_num(np.asarray(aligned_data(loadings)).astype(float))
    factors = np.nan_to_num(np.asarray(aligned_data(components.factors)))
    counts = maps.reshape(len(maps), -1) * factors.sum(axis=(1, 2))[:, None]
    total = counts.sum(axis=0)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    members = identification.members.T
    parts = identification.parts[members[1]]
    return shares[components.indices[members[0]]] * parts[:, np.newaxis]


def present(shares: np.ndarray, part: float = HALF) -> np.ndarray:
    """Return where maps are above a part of their maximum, shape as they have."""
    most = shares.max(axis=1, keepdims=True, initial=0)
    return (shares >= part * most) & (shares > 0)


def _coordinates(components: Components) -> dict:
    """Return places and their unit as orix names them."""
    scale, axes = components.map_scale, components.map_axes
    along = [f * axis.axis for axis, f in zip(axes, scale.factors, strict=True)]
    grids = np.meshgrid(*along, indexing="ij")
    places = {
        name: grid.ravel() for name, grid in zip("xy", reversed(grids), strict=False)
    }
    return places | {"scan_unit": scale.unit or "px"}


def _phase_list(phases: list[Phase]) -> PhaseList:
    own = [with_own_symmetry(phase) for phase in phases]
    return PhaseList(phases=own, ids=list(range(len(phases))))
