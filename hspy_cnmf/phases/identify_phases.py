"""Identification of the phase of each group of components."""

import logging
from collections.abc import Sequence
from importlib.metadata import version
from numbers import Integral, Real

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.messages import warn_once
from hspy_cnmf.phases.calibration import Calibration, calibrated
from hspy_cnmf.phases.camera_ellipse import ellipse_notes, without_ellipse
from hspy_cnmf.phases.candidates import Candidate, as_phases
from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.excitation import Wider, likelier_excitation_error
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.identification import PhaseIdentification
from hspy_cnmf.phases.likely_scale import likely_scale, scale_advice
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.one_scale import scale_of
from hspy_cnmf.phases.orientation_error import orientation_error
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.second_crystal import crystals_of
from hspy_cnmf.phases.tables import candidate_table, group_table

_logger = logging.getLogger(__name__)


def identify_phases(
    clusters: DiffractionClusters,
    phases: Candidate | Sequence[Candidate],
    *,
    calibrate_from: str | int | None = None,
    scale_uncertainty: float = 0.005,
    beam_energy: float | None = None,
    max_excitation_error: float = 0.03,
    resolution: float = 2.0,
    threshold: float = 5.0,
) -> PhaseIdentification:
    r"""Find out which candidate each group of components is, and how it is turned.

    Parameters
    ----------
    clusters : DiffractionClusters
        Groups of patterns that are the same crystal.
    phases : Phase, diffpy.structure.Structure, path of a CIF file, or several of them
        Candidates.
    calibrate_from : str or int, optional
        Name or number of a candidate that is known to be there: the scale, wrong by
        5 % at most, and where it can the elliptical distortion are refined from it
        first, and the log tells by how much.
    scale_uncertainty : float, default 0.005
        Standard deviation of the calibration of the patterns, as a part of the scale.
        A candidate that needs another scale by more than two of them, by all of its
        groups and what the other phases tell, is not it; one for whose scale these do
        not speak is not told from a like one of another size. Where most groups would
        fit at one scale within 5 %, the summary says so.
    beam_energy : float, optional
        In kV. Default: from the signal's metadata.
    max_excitation_error : float, default 0.03
        Reflections further from the Ewald sphere than this, in 1/Å, are not seen:
        about one over the thickness of a crystal, and more with precession, or where
        crystals of a group are tilted against one another. A group that is none of the
        candidates but, by 0.1, surely the one that explains most of it, is that one
        (``wider_excitation_error`` of the table). The summary says where spots of all
        groups speak for 0.1: zone axes may then be wrong by several degrees.
    resolution : float, default 2.0
        Distance of the zone axes of the templates, in degrees. Orientations are
        refined between them.
    threshold : float, default 5.0
        Spots are at least this many times above the noise of rings, and above that of
        what lies over the group, where it is known: of a constrained NMF of counts in
        any unit, unless patterns are in polar coordinates.

    Returns
    -------
    PhaseIdentification

    Raises
    ------
    TypeError, ValueError
        If a candidate cannot be used, or the patterns have no calibration or no beam
        energy, or are mirrored. This is found out before any work.

    Notes
    -----
    Spots of a group's mean pattern, drawn as blobs in polar coordinates, are compared
    by pyxem's template matching [1]_ with kinematic patterns that diffsims simulates
    along all zone axes of a candidate. The best orientations are turned, tilted and
    scaled onto the spots where the evidence

    .. math:: \sum_i \log\Big(\varepsilon + (1 - \varepsilon) A \sum_j \pi_j
       N(x_i; s R g_j, \sigma_i)\Big) + m \log \varepsilon + n \log c
       - \frac{(s - 1)^2}{2 \sigma_s^2}

    is highest: spots :math:`x_i` come from reflections :math:`g_j` in proportion to
    their kinematic amplitudes :math:`\pi_j`, or, one in twenty, from anywhere in the
    area :math:`A`. So a candidate with many reflections, which explains any spot,
    gains less from each. As seldom as a spot is of nothing, one of the :math:`m`
    reflections is missing, or 25 times too faint, that should be seen for sure: nine
    times brighter than what is found, near the Ewald sphere. A candidate of which all
    at a lattice distance are missing is not it. The correlation of amplitudes
    :math:`c` counts but little, as dynamical intensities differ. All groups were
    recorded at one scale: once some are identified, the others' candidates must fit at
    theirs, within three standard deviations; and a phase, by all its groups, within two
    at that of the calibration and the other phases. A phase that needs another scale
    than the calibration, or than the other phases, is marked (``other_scale``): a cell
    that much smaller or larger, which is not in the list, would fit as well.

    All patterns have the elliptical distortion of the camera. Where three crystals or
    more, turned otherwise, agree on one, it is undone, all are matched anew, and
    summary and log say so.

    Where the best candidate leaves spots unexplained, a second crystal is looked for
    among these, and the first one judged anew on what the second leaves; it is a row of
    its own in the table, after those of the groups. So are spots that no candidate
    explains beside a crystal that is there for sure.

    References
    ----------
    .. [1] N. Cautaerts et al., Ultramicroscopy 237, 113517 (2022).
    """
    _check(scale_uncertainty, max_excitation_error, resolution)
    candidates = as_phases(phases)
    names = [phase.name for phase in candidates]
    known = None if calibrate_from is None else _index_of(calibrate_from, names)
    spots, calibration = GroupSpots.of(clusters, beam_energy, threshold), Calibration()
    if known is not None:
        settings = max_excitation_error, resolution
        calibration, spots = calibrated(spots, candidates[known], *settings)
        warn_once(_logger, clusters, calibration.summary(names[known]))
        scale_uncertainty = max(calibration.uncertainty, 0.001)
    all_settings = max_excitation_error, resolution, scale_uncertainty
    tools = [prepared(spots, one, *all_settings) for one in candidates]
    matches = [matches_of(spots, *each) for each in tools]
    ellipse, spots, matches = without_ellipse(
        spots, tools, matches, candidates, scale_uncertainty
    )
    wider = Wider.of(spots, matches, candidates, *all_settings)
    found = _crystals(spots, tools, matches, candidates, wider, scale_uncertainty)
    likely = {}
    if known is None:
        first = [one.verdict for one in found[: clusters.n_clusters]]
        likely = likely_scale(spots, candidates, first, *all_settings)
        if likely:
            found = [one.doubted() for one in found]
    told = ellipse.as_dictionary()
    for line in [*ellipse_notes(told), *scale_advice(likely)]:
        warn_once(_logger, clusters, line)
    scale = scale_of(found, Scale(0.0, scale_uncertainty))
    parameters = {
        "scale_uncertainty": float(scale_uncertainty),
        "beam_energy": spots.energy,
        "max_excitation_error": float(max_excitation_error),
        "likelier_excitation_error": likelier_excitation_error(matches, wider.matches),
        "resolution": float(resolution),
        "threshold": float(threshold),
        "scale": float(spots.scale),
        "reach": float(spots.reach[1]),
        "common_scale": [scale.mean, scale.deviation],
        "calibrate_from": "" if known is None else names[known],
        "calibration": calibration.as_dictionary(),
        "ellipse": told,
        "likely_scale": likely,
        "hspy_cnmf": version("hspy-cnmf"),
    }
    reflections = [matcher.reflections for matcher, _ in tools]
    errors = [_error(one, tools, wider.tools, candidates) for one in found]
    return PhaseIdentification(
        clusters,
        candidates,
        **_of_crystals(found),
        table=group_table(found, reflections, candidates, errors),
        candidates=candidate_table(spots.patterns, matches, reflections, candidates),
        parameters=parameters,
    )


def _crystals(
    spots: GroupSpots,
    tools: list,
    matches: list[dict[int, Match]],
    candidates: list[Phase],
    wider: Wider,
    scale_uncertainty: float,
) -> list[Crystal]:
    """Return the crystals of all groups, as their matches and their scale have it."""
    names = [phase.name for phase in candidates]
    verdicts, scale = decide(spots, matches, names, scale_uncertainty)
    scales = Scale(0.0, scale_uncertainty), scale
    return crystals_of(
        spots, tools, matches, candidates, verdicts, scales, wider.matches
    )


def _of_crystals(found: list[Crystal]) -> dict[str, np.ndarray]:
    """Return what `GroupPhases` keeps of crystals."""
    ids = [one.verdict.best if one.verdict.is_phase else -1 for one in found]
    return {
        "matrices": np.array([_matrix(one) for one in found]),
        "phase_ids": np.array(ids),
        "groups": np.array([one.group for one in found]),
        "parts": np.array([one.share for one in found]),
    }


def _matrix(crystal: Crystal) -> np.ndarray:
    """Return how a crystal is turned, NaN where no candidate is it."""
    return np.full((3, 3), np.nan) if crystal.best is None else crystal.best.matrix


def _error(
    crystal: Crystal, tools: list, wider_tools: list, candidates: list[Phase]
) -> tuple[float, float]:
    """Return the errors of a crystal's tilt and turn, NaN where no candidate is it."""
    number = crystal.verdict.best
    if number is None or crystal.best is None:
        return np.nan, np.nan
    matcher, _ = (wider_tools if crystal.wider else tools)[number]
    return orientation_error(matcher, crystal.pattern, crystal.best, candidates[number])


def _check(scale_uncertainty: float, excitation: float, resolution: float) -> None:
    """Raise what is out of range."""
    limits = {
        "scale_uncertainty": (scale_uncertainty, 0.05),
        "max_excitation_error": (excitation, 1.0),
        "resolution": (resolution, 15.0),
    }
    for name, (value, most) in limits.items():
        if not isinstance(value, Real):
            raise TypeError(f"{name}={value!r} must be a number.")
        if not 0 < value <= most:
            raise ValueError(f"{name}={value!r} must be above 0, at most {most:g}.")


def _index_of(phase: str | int, names: list[str]) -> int:
    """Return the number of a candidate that is given by name or number."""
    if isinstance(phase, str) and phase in names:
        return names.index(phase)
    # True is no number of a candidate, though Python takes it for 1.
    is_number = isinstance(phase, Integral) and not isinstance(phase, bool)
    if is_number and phase in range(len(names)):
        return int(phase)
    raise ValueError(
        f"calibrate_from={phase!r} is none of the candidates {names}: give the name or "
        "the number of one of them."
    )
