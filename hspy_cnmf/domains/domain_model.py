"""A trained model of domains that maps other scans."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hspy_cnmf._hyperspy import masks
from hspy_cnmf.domains.domain_map import DomainMap
from hspy_cnmf.domains.settings import chosen_device, require_torch


@dataclass(frozen=True, eq=False, repr=False)
class DomainModel:
    """A trained model that maps the domains of other scans.

    Attributes
    ----------
    trained : TrainedModel
        Autoencoder, preprocessing, and classes in the latent space.
    """

    trained: object

    @classmethod
    def from_bytes(cls, content):
        """Return the model that `DomainMap.save_model` wrote, given the bytes.

        Raises
        ------
        ImportError
            Without PyTorch.
        ValueError
            If this is no model, or of another version of the format.
        """
        require_torch()
        from hspy_cnmf.domains.trained import TrainedModel

        return cls(TrainedModel.from_bytes(content))

    def apply(self, signal, navigation_mask=None, device="auto"):
        """Map the domains of a scan, without any training.

        Parameters
        ----------
        signal : pyxem.signals.Diffraction2D
            Patterns of the shape and calibration that the model was trained on; the
            signal mask is the model's.
        navigation_mask : BaseSignal or numpy.ndarray, optional
            True excludes.
        device : str, default "auto"
            See `hspy_cnmf.map_domains`.

        Returns
        -------
        DomainMap
            Patterns have the mean probabilities of their neighbours in the latent
            space. There are no rounds: `agreement` and `consistency` hold NaN.

        Raises
        ------
        ValueError
            If shape or calibration differ.
        """
        view = self.trained.view
        view.check(signal)
        keep = masks.select_positions(signal, navigation_mask)
        self.trained.model.to(chosen_device(device))
        patterns = view.reduce(signal, keep)
        embedding, probabilities = self.trained.classify(patterns)
        found = embedding.mean, probabilities, np.full(len(patterns), np.nan)
        run = {"consistency": [np.nan], "status": "applied"}
        return DomainMap.of(signal, keep, patterns, self.trained, *found, run)


def load_domain_model(path):
    """Return the model that `DomainMap.save_model` wrote to a file.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    DomainModel
        Its `apply` maps another scan.

    Raises
    ------
    ImportError
        Without PyTorch.
    ValueError
        If the file is no model, or of another version of the format. Nothing in the
        file is executed.
    """
    return DomainModel.from_bytes(Path(path).read_bytes())
