"""Maps of domains as HyperSpy signals, and models that map other scans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure, SubFigure

from hspy_cnmf._hyperspy import bridge, masks, nodes
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import list_of
from hspy_cnmf.domains.factors import CONFIDENT, latent_plane
from hspy_cnmf.domains.signal_view import calibration_of, signals_of, treated
from hspy_cnmf.domains.trained import Mapped, TrainedModel
from hspy_cnmf.figures.domains import plot_domains
from hspy_cnmf.notebook_html import Picture
from hspy_cnmf.whole_file import whole_file

_ENDINGS = {
    "target_consistency": "as consistent as asked for",
    "no_improvement": "no other way explains as much",
    "max_rounds": "after max_rounds",
    "applied": "of a model trained on another scan",
    "cannot_tell": "these data do not tell the domains",
}


class AppliedModel:
    """What maps other scans with a trained model, without any training."""

    trained: Any

    def apply(
        self,
        signal: BaseSignal,
        navigation_mask: masks.Mask = None,
        max_memory: int | str | None = None,
        negative: str = "refuse",
    ) -> DomainMap:
        """Map the domains of another scan.

        Patterns have the mean probabilities of their neighbours in the latent space.
        There are no rounds: `agreement` and `consistency` hold NaN.

        Parameters
        ----------
        signal : pyxem.signals.Diffraction2D
            Patterns of the shape and calibration that the model was trained on; the
            signal mask is the model's.
        navigation_mask, max_memory, negative
            As in `hspy_cnmf.map_domains`.

        Returns
        -------
        DomainMap

        Raises
        ------
        ValueError
            If shape or calibration differ.
        """
        view = self.trained.view
        rows, columns = bridge.shapes(signal)[1]
        view.check((rows, columns), *calibration_of(signal))
        keep = masks.select_positions(signal, navigation_mask)
        signal = treated(signal, negative, keep, view.keep_pixels, max_memory)
        data = bridge.aligned_data(signal)
        patterns, keep = view.reduce(data, keep, max_memory)
        latent, probabilities = self.trained.classify(patterns)
        agreement = np.full(len(patterns), np.nan)
        mapped = Mapped(self.trained, latent, probabilities, agreement)
        run = {"consistency": [np.nan], "status": "applied"}
        return DomainMap.of(signal, keep, patterns, mapped, run, max_memory)


@dataclass(frozen=True, eq=False, repr=False)
class DomainMap(AppliedModel, StoredResult):
    """Domains of a scan with the confidence of every position.

    Domains are counted from 0, the largest first. Everything is kept in the signal
    that was mapped, and saved with it.

    Attributes
    ----------
    labels : hyperspy.signal.BaseSignal
        Most probable domain of each position, (| x, y); -1 where masked, or where there
        are no counts. Masked below is both.
    confidence : hyperspy.signal.BaseSignal
        Its probability, (| x, y); NaN where masked.
    probabilities : hyperspy.signals.Signal1D
        Of all domains, (x, y | domain).
    agreement : hyperspy.signal.BaseSignal
        Share of the repeats that give a position its commonest label, (| x, y); NaN
        where masked. Where it is below 0.9 or so, classification is inconsistent.
    latent : hyperspy.signals.Signal1D
        Place in the latent space, (x, y | coordinate).
    factors : pyxem.signals.Diffraction2D
        Mean pattern of each domain, (domain | kx, ky), over positions of confidence
        0.9 or more (or its surest tenth, where there are none). NaN where masked.
    consistency : hyperspy.signals.Signal1D
        Mean of the agreement over positions, after each round, (| round).
    decoded : hyperspy.signals.Signal2D
        Reduced patterns on a grid over the two coordinates of the latent space along
        which positions spread most, row by row, (place | x, y).
    model : hyperspy.signals.Signal1D
        The trained model as bytes; see `save_model`.
    run : dict
        Arguments; how the rounds ended (`status`, "cannot_tell" where the map is not
        to be trusted); `doubts`, which say why and what would help, and `cautions`,
        which concern a part of the map; the way that was taken (`embedding`), and
        log-likelihoods above that of one domain of all (`tried`); versions; and the
        `plane` of the latent space that is drawn.
    """

    node = nodes.DOMAINS
    noun = "domains"
    command = "s.map_domains()"
    shapes: ClassVar[dict] = {
        "labels": "map",
        "confidence": "map",
        "probabilities": "map domain",
        "agreement": "map",
        "latent": "map coordinate",
        "factors": "domain pattern",
        "consistency": "round",
        "decoded": "place row column",
        "model": "byte",
    }
    entries: ClassVar[dict] = {"status": str, "plane": dict}

    labels: BaseSignal
    confidence: BaseSignal
    probabilities: BaseSignal
    agreement: BaseSignal
    latent: BaseSignal
    factors: BaseSignal
    consistency: BaseSignal
    decoded: BaseSignal
    model: BaseSignal
    run: dict

    @classmethod
    def of(
        cls,
        signal: BaseSignal,
        keep: np.ndarray,
        patterns: np.ndarray,
        mapped: Mapped,
        run: dict,
        max_memory: int | str | None = None,
    ) -> DomainMap:
        """Wrap the arrays of a mapping, of the positions that are kept, (n, ...).

        What is to be remembered of the run has "consistency" and "status".
        """
        plane = latent_plane(mapped.latent)
        run = run | {"plane": plane}
        consistency = list_of(run.pop("consistency"), "round", "Consistency")
        found = signals_of(signal, keep, patterns, mapped, plane, max_memory)
        return cls(**found, consistency=consistency, run=run)

    @property
    def n_domains(self) -> int:
        """Number of domains."""
        return self.factors.axes_manager.navigation_size

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the map is not to be trusted, and what would help; none where it is."""
        return tuple(self.run.get("doubts", ()))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What of a map that is not doubted may be otherwise, such as two domains."""
        return tuple(self.run.get("cautions", ()))

    @cached_property
    def trained(self) -> TrainedModel:
        """The model, read from its bytes."""
        return TrainedModel.from_bytes(np.asarray(self.model.data).tobytes())

    def summary(self) -> str:
        """Return in words what was found."""
        labels = np.asarray(self.labels.data)
        confidence = np.asarray(self.confidence.data)[labels >= 0]
        sizes = np.bincount(labels[labels >= 0], minlength=self.n_domains)
        shares = ", ".join(f"{100 * n / sizes.sum():.1f} %" for n in sizes)
        rounds = ", ".join(f"{value:.3f}" for value in self.consistency.data)
        doubts = [f"  cannot tell: {doubt}" for doubt in self.doubts]
        doubts += [f"  with caution: {caution}" for caution in self.cautions]
        way = self.run.get("embedding")
        return "\n".join(
            [
                "Domain mapping info:",
                *doubts,
                f"  n_domains={self.n_domains}: {shares}",
                f"  consistency by round: {rounds} ({_ENDINGS[self.run['status']]})",
                f"  confidence {CONFIDENT} or more at "
                f"{100 * np.mean(confidence >= CONFIDENT):.1f} % of the positions",
                *([f"  explains held-out electrons best: {way}"] if way else []),
            ]
        )

    def pictures(self) -> Iterable[Picture]:
        """Return the map of domains, and that of confidence."""
        labels = np.asarray(bridge.aligned_data(self.labels), int)
        yield Picture("domains", labels, "tab10")
        yield Picture("confidence", bridge.aligned_data(self.confidence))

    def plot(self, **kwargs: Any) -> Figure | SubFigure:
        """Plot labels, confidence, latent space and decoded patterns.

        Parameters
        ----------
        **kwargs
            For `hspy_cnmf.plot_domains`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return plot_domains(self, **kwargs)

    def save_model(self, path: str | Path) -> None:
        """Write the trained model to a file, for `hspy_cnmf.load_domain_model`.

        Parameters
        ----------
        path : str or pathlib.Path
            A file that is there is replaced, and stays if writing fails.
        """
        with whole_file(path) as file:
            file.write(np.asarray(self.model.data).tobytes())

    def check(self) -> None:
        """Raise ValueError, with a sentence, if what was read contradicts itself."""
        labels, status = np.asarray(self.labels.data), self.run["status"]
        is_known = np.isin(labels, range(-1, self.n_domains)).all()
        if labels.dtype.kind != "i" or not is_known:
            raise ValueError(f"'labels' are no domains from 0 to {self.n_domains - 1}.")
        if not (labels >= 0).any():
            raise ValueError("'labels' are all masked.")
        if status not in _ENDINGS:
            raise ValueError(f"'run' has {status!r:.60} for 'status'.")
        for name in ("doubts", "cautions"):
            found = getattr(self, name)
            if not all(isinstance(one, str) for one in found):
                raise ValueError(f"'run' has {found!r:.60} for {name!r}.")


def get_domains(signal: BaseSignal) -> DomainMap:
    """Return the domain map that is kept in a signal, also after save and load.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        A signal after ``map_domains``.

    Returns
    -------
    DomainMap

    Raises
    ------
    RuntimeError, ValueError
        If domains have not been mapped; are damaged, or do not fit any longer.
    """
    return DomainMap.read_from(signal)
