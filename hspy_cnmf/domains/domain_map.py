"""What mapping the domains of a scan found, as HyperSpy signals."""

import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf.domains.factors import CONFIDENT, confident_members, mean_patterns
from hspy_cnmf.domains.latent_plane import latent_plane, places_on
from hspy_cnmf.domains.wrapping import (
    images_of,
    list_of,
    map_like,
    patterns_like,
    vectors_like,
)
from hspy_cnmf.figures.domains import plot_domains

_ENDINGS = {
    "target_consistency": "as consistent as asked for",
    "no_improvement": "rounds no longer improved it",
    "max_rounds": "after max_rounds",
    "applied": "of a model trained on another scan",
}


@dataclass(frozen=True, eq=False, repr=False)
class DomainMap:
    """Domains of a scan with the confidence of every position.

    Domains are counted from 0, the largest first. Everything is kept in the signal
    that was mapped, and saved with it.

    Attributes
    ----------
    labels : hyperspy.signal.BaseSignal
        Most probable domain of each position, (| x, y); -1 where masked.
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
        Mean of the agreement over positions, of the best round so far, (| round).
    decoded : hyperspy.signals.Signal2D
        Decoded patterns on a grid over the two coordinates of the latent space along
        which positions spread most, row by row, (place | x, y), reduced as the
        autoencoder sees them.
    model : hyperspy.signals.Signal1D
        The trained model as bytes; see `save_model`.
    run : dict
        Arguments, how the rounds ended (`status`), losses, versions, and the `plane`
        of the latent space that is drawn.
    """

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
    def of(cls, signal, keep, patterns, trained, latent, probabilities, agreement, run):
        """Wrap the arrays of a mapping.

        Parameters
        ----------
        signal : pyxem.signals.Diffraction2D
            What was mapped.
        keep : numpy.ndarray of bool
            Positions that took part.
        patterns : numpy.ndarray, shape (n_positions, rows, columns)
            Reduced patterns.
        trained : TrainedModel
        latent : numpy.ndarray, shape (n_positions, latent_dimension)
        probabilities : numpy.ndarray, shape (n_positions, n_domains)
        agreement : numpy.ndarray, shape (n_positions,)
        run : dict
            To be remembered, with "consistency" and "status".
        """
        members = confident_members(probabilities)
        turns = _turns(trained, patterns, latent, members)
        means = mean_patterns(signal, keep, trained.view, members, *turns)
        plane = latent_plane(latent)
        decoded = trained.decode(places_on(plane, latent))
        run = run | {"plane": plane}
        consistency = run.pop("consistency")
        labels = probabilities.argmax(axis=1).astype(np.int16)
        confidence = probabilities.max(axis=1).astype(np.float32)
        model = np.frombuffer(trained.to_bytes(), np.uint8)
        return cls(
            labels=map_like(signal, keep, labels, "Domains", fill=-1),
            confidence=map_like(signal, keep, confidence, "Confidence"),
            probabilities=vectors_like(
                signal, keep, probabilities, "domain", "Probabilities"
            ),
            agreement=map_like(signal, keep, agreement.astype(np.float32), "Agreement"),
            latent=vectors_like(signal, keep, latent, "coordinate", "Latent space"),
            factors=patterns_like(signal, means, "Factors of domains"),
            consistency=list_of(consistency, "round", "Consistency"),
            decoded=images_of(decoded, "Decoded patterns"),
            model=list_of(model, "byte", "Trained model"),
            run=run,
        )

    @property
    def n_domains(self):
        """Number of domains."""
        return self.factors.axes_manager.navigation_size

    @cached_property
    def trained(self):
        """The model, read from its bytes; needs PyTorch."""
        from hspy_cnmf.domains.domain_model import DomainModel

        return DomainModel.from_bytes(np.asarray(self.model.data).tobytes())

    def summary(self):
        """Return in words what was found."""
        labels = np.asarray(self.labels.data)
        confidence = np.asarray(self.confidence.data)[labels >= 0]
        shares = np.bincount(labels[labels >= 0], minlength=self.n_domains)
        shares = ", ".join(f"{100 * n / shares.sum():.1f} %" for n in shares)
        rounds = ", ".join(f"{value:.3f}" for value in self.consistency.data)
        return "\n".join(
            [
                "Domain mapping info:",
                f"  n_domains={self.n_domains}: {shares}",
                f"  consistency by round: {rounds} ({_ENDINGS[self.run['status']]})",
                f"  confidence {CONFIDENT} or more at "
                f"{100 * np.mean(confidence >= CONFIDENT):.1f} % of the positions",
            ]
        )

    def plot(self, **kwargs):
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

    def save_model(self, path):
        """Write the trained model to a file, for `hspy_cnmf.load_domain_model`.

        Parameters
        ----------
        path : str or pathlib.Path
        """
        Path(path).write_bytes(np.asarray(self.model.data).tobytes())

    def apply(self, signal, navigation_mask=None, device="auto"):
        """Map another scan of the same shape and calibration with the trained model.

        See `DomainModel.apply`.
        """
        return self.trained.apply(signal, navigation_mask, device)

    def __repr__(self):
        n_positions = np.count_nonzero(np.asarray(self.labels.data) >= 0)
        return f"<DomainMap, {n_positions} positions in {self.n_domains} domains>"

    def to_store(self):
        """Return what is kept in the signal: signals and a string."""
        kept = {name: getattr(self, name) for name in _SIGNALS}
        return kept | {"run": json.dumps(self.run)}

    @classmethod
    def from_store(cls, stored):
        """Return the map whose `to_store` was kept."""
        signals = {name: stored[name] for name in _SIGNALS}
        return cls(**signals, run=json.loads(str(stored["run"])))


_SIGNALS = tuple(f.name for f in fields(DomainMap) if f.name != "run")


def get_domains(signal):
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
    RuntimeError
        If the domains of this signal have not been mapped.
    """
    stored = nodes.get_items(signal, nodes.DOMAINS)
    if not stored:
        raise RuntimeError("This signal has no domains: run s.map_domains() first.")
    return DomainMap.from_store(stored)


def _turns(trained, patterns, latent, members):
    """Return the turn of each pattern, and how many there are to a full circle."""
    if not trained.view.is_polar:
        return ()
    centers = np.stack(
        [latent[row if row.any() else slice(None)].mean(axis=0) for row in members]
    )
    domain = members.argmax(axis=0)
    turns = trained.azimuths(patterns, centers[domain])
    return turns, patterns.shape[2]
