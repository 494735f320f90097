"""A trained model: made, kept as bytes, and applied."""

import io
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from hspy_cnmf.domains import consensus, training
from hspy_cnmf.domains.embedding import Embedding, make_model
from hspy_cnmf.domains.rounds import run_rounds
from hspy_cnmf.domains.view import View

#: Version of the file format.
FORMAT = 1

#: Positions whose probabilities are kept to classify other patterns.
_KEPT = 5000

#: Neighbours in the latent space that classify another pattern.
_NEIGHBOURS = 15


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained autoencoder, and classes of places in its latent space.

    Parameters
    ----------
    model : PatternVAE or PolarVAE
        On the device it was trained on.
    view : View
        What it sees of a pattern.
    electrons : float
        Total that patterns are scaled to.
    places : numpy.ndarray, shape (n, latent_dimension)
        Embedded patterns of the scan it was trained on, or some of them.
    probabilities : numpy.ndarray, shape (n, n_domains)
        Their class probabilities.
    options : dict
        Of `make_model`, besides the cells.
    """

    model: torch.nn.Module
    view: View
    electrons: float
    places: np.ndarray
    probabilities: np.ndarray
    options: dict

    @classmethod
    def fit(cls, view, scan, settings, device, progress):
        """Train on the reduced patterns of a scan in rounds, and classify them.

        Returns
        -------
        TrainedModel
        latent : numpy.ndarray, shape (n_positions, latent_dimension)
            Embedded patterns.
        probabilities : numpy.ndarray, shape (n_positions, n_domains)
        agreement : numpy.ndarray, shape (n_positions,)
            Share of repeats that give the commonest label.
        run : dict
            Consistency of the rounds, how they ended, and losses.
        """
        sequence = np.random.SeedSequence(settings.random_state)
        torch_seed = int(sequence.generate_state(1)[0])
        options = {
            "latent_dimension": settings.latent_dimension,
            "tilt_invariant": settings.tilt_invariant,
            "rotation_invariant": settings.rotation_invariant,
        }
        with training.reproducible(torch_seed) as torch_generator:
            generators = torch_generator, np.random.default_rng(sequence)
            model = make_model(view.reduction.covered, **options).to(device)
            training.start(model, scan.patterns, scan.electrons)
            best, history, status = run_rounds(
                model, scan, settings, generators, progress
            )
            model.load_state_dict(best.state)
        probabilities = consensus.class_probabilities(
            best.posteriors, scan.neighbourhood
        )
        order = np.argsort(-probabilities.sum(axis=0), kind="stable")
        probabilities = probabilities[:, order]
        n = len(probabilities)
        kept = np.linspace(0, n - 1, min(_KEPT, n)).astype(int)
        trained = cls(
            model,
            view,
            scan.electrons,
            best.embedding.mean[kept],
            probabilities[kept],
            options,
        )
        run = {"consistency": history, "status": status, "losses": best.losses}
        return trained, best.embedding.mean, probabilities, best.agreement, run

    def classify(self, patterns):
        """Return the embedding of reduced patterns and their class probabilities.

        Patterns take the mean of their neighbours' probabilities in the latent space.
        """
        embedding = Embedding.of(self.model, patterns, self.electrons)
        neighbours = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(self.places)))
        distances, indices = neighbours.fit(self.places).kneighbors(embedding.mean)
        widths = np.maximum(distances[:, -1:], 1e-12)
        weights = np.exp(-2 * (distances / widths) ** 2)
        weights /= weights.sum(axis=1, keepdims=True)
        probabilities = np.einsum("nm,nmk->nk", weights, self.probabilities[indices])
        return embedding, probabilities

    def azimuths(self, patterns, places):
        """Return which turn brings the structure at a place onto each pattern.

        Parameters
        ----------
        patterns : numpy.ndarray, shape (n, radii, azimuths)
        places : numpy.ndarray, shape (n, latent_dimension)

        Returns
        -------
        numpy.ndarray of int, shape (n,)
            In steps of azimuth, counter-clockwise.
        """
        return training.most_likely_turns(self.model, patterns, places)

    def decode(self, places):
        """Return decoded patterns as images, (n, size, size), each of unit sum."""
        spots = training.decoded_images(self.model, places)
        return self.view.images(spots * self.view.reduction.covered)

    def to_bytes(self):
        """Return the model and all it needs as bytes, for `from_bytes`."""
        view = self.view
        header = {
            "format": FORMAT,
            "hspy_cnmf": version("hspy-cnmf"),
            "electrons": self.electrons,
            "options": self.options,
            "view": {
                name: value
                for name, value in asdict(view).items()
                if name != "keep_pixels"
            },
        }
        content = {
            "header": json.dumps(header),
            "state": {k: v.cpu() for k, v in self.model.state_dict().items()},
            "keep_pixels": torch.from_numpy(view.keep_pixels),
            "places": torch.from_numpy(self.places),
            "probabilities": torch.from_numpy(self.probabilities),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content, device="cpu"):
        """Return the model that `to_bytes` wrote.

        Raises
        ------
        ValueError
            If these bytes are no model, or of another version of the format.
        """
        content, header = _read(content)
        fields = header["view"]
        for name in ("scales", "units", "center"):
            fields[name] = tuple(fields[name])
        view = View(keep_pixels=content["keep_pixels"].numpy(), **fields)
        model = make_model(view.reduction.covered, **header["options"])
        model.load_state_dict(content["state"])
        return cls(
            model.to(device),
            view,
            header["electrons"],
            content["places"].numpy(),
            content["probabilities"].numpy(),
            header["options"],
        )


def _read(content):
    """Return the content of a file and its header, if it is of this version."""
    try:
        content = torch.load(io.BytesIO(content), weights_only=True)
        header = json.loads(content["header"])
        found = header["format"]
    except Exception as error:  # torch raises whatever its reader stumbles over
        raise ValueError(
            "This is no trained model of domains, as save_model writes it: "
            f"{type(error).__name__}."
        ) from error
    if found != FORMAT:
        raise ValueError(
            f"The model is of format {found} (hspy-cnmf {header.get('hspy_cnmf')}), "
            f"this version reads format {FORMAT}: train it again, or install that "
            "version."
        )
    return content, header
