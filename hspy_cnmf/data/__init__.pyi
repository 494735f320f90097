from collections.abc import Sequence
from typing import Literal, TypedDict, overload

import numpy as np
from pyxem.signals import ElectronDiffraction2D
from typing_extensions import Unpack

from ._crystal_structures import crystal_phase
from ._eds_spectra import mineral_assemblage, two_particles
from ._kinematic import PhaseTruth
from ._precipitation_series import SeriesTruth, precipitation_series
from ._simulation import DomainTruth, Truth

class _Recording(TypedDict, total=False):
    dose: float | None
    random_state: int | np.random.SeedSequence | None
    lazy: bool
    chunks: Literal["auto"] | int | tuple

@overload
def aluminium_precipitates(
    shape: tuple[int, int] = ...,
    *,
    n_precipitates: int = ...,
    diameter: float = ...,
    crystallinity: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def aluminium_precipitates(
    shape: tuple[int, int] = ...,
    *,
    n_precipitates: int = ...,
    diameter: float = ...,
    crystallinity: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, PhaseTruth]: ...
@overload
def crystallised_film(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_crystals: int = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def crystallised_film(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_crystals: int = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...
@overload
def four_phases(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def four_phases(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, Truth]: ...
@overload
def glass_crystals(
    shape: tuple[int, int] = ...,
    *,
    n_crystals: int = ...,
    diameter: float = ...,
    crystallinity: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def glass_crystals(
    shape: tuple[int, int] = ...,
    *,
    n_crystals: int = ...,
    diameter: float = ...,
    crystallinity: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, PhaseTruth]: ...
@overload
def iron_grains(
    shape: tuple[int, int] = ...,
    *,
    n_grains: int = ...,
    overlap: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def iron_grains(
    shape: tuple[int, int] = ...,
    *,
    n_grains: int = ...,
    overlap: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, PhaseTruth]: ...
@overload
def kinematic_silver_twins(
    shape: tuple[int, int] = ...,
    *,
    lamella: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def kinematic_silver_twins(
    shape: tuple[int, int] = ...,
    *,
    lamella: float = ...,
    detector_shape: tuple[int, int] = ...,
    tilt_spread: float = ...,
    scale_error: float = ...,
    distortion: float = ...,
    precession: float = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, PhaseTruth]: ...
@overload
def layered_domains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_variants: int = ...,
    n_cells: int = ...,
    rotated: bool = ...,
    bending: float = ...,
    thickness: float = ...,
    descan: float = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def layered_domains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_variants: int = ...,
    n_cells: int = ...,
    rotated: bool = ...,
    bending: float = ...,
    thickness: float = ...,
    descan: float = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...
@overload
def metallic_glass(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_precipitates: int = ...,
    diameter: float | Sequence[float] = ...,
    crystallinity: float = ...,
    step: float = ...,
    probe_fwhm: float = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def metallic_glass(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_precipitates: int = ...,
    diameter: float | Sequence[float] = ...,
    crystallinity: float = ...,
    step: float = ...,
    probe_fwhm: float = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, Truth]: ...
@overload
def oriented_grains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_grains: int = ...,
    n_close: int = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def oriented_grains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_grains: int = ...,
    n_close: int = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...
@overload
def precipitates_in_crystal(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_precipitates: int = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def precipitates_in_crystal(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_precipitates: int = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...
@overload
def turned_grains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_grains: int = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def turned_grains(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_grains: int = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...
@overload
def twinned_crystal(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_lamellae: int = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def twinned_crystal(
    shape: tuple[int, int] = ...,
    *,
    detector_shape: tuple[int, int] = ...,
    n_lamellae: int = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, DomainTruth]: ...
@overload
def twinned_silver(
    shape: tuple[int, int] | None = ...,
    *,
    binning: int = ...,
    return_truth: Literal[False] = ...,
    **recording: Unpack[_Recording],
) -> ElectronDiffraction2D: ...
@overload
def twinned_silver(
    shape: tuple[int, int] | None = ...,
    *,
    binning: int = ...,
    return_truth: Literal[True],
    **recording: Unpack[_Recording],
) -> tuple[ElectronDiffraction2D, Truth]: ...

__all__ = [
    "DomainTruth",
    "PhaseTruth",
    "SeriesTruth",
    "Truth",
    "aluminium_precipitates",
    "crystal_phase",
    "crystallised_film",
    "four_phases",
    "glass_crystals",
    "iron_grains",
    "kinematic_silver_twins",
    "layered_domains",
    "metallic_glass",
    "mineral_assemblage",
    "oriented_grains",
    "precipitates_in_crystal",
    "precipitation_series",
    "turned_grains",
    "twinned_crystal",
    "twinned_silver",
    "two_particles",
]
