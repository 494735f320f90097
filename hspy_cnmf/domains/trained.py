"""A trained model of domains: kept as bytes, and applied to patterns."""

import io
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.view import View
from hspy_cnmf.operators.sketch_file import checksum

#: Version of the file format; the first one was of neural networks.
FORMAT = 2

#: Arrays of an embedding.
_ARRAYS = ("mean", "axes", "directions")

#: Positions whose probabilities are kept to classify other patterns.
_KEPT = 5000

#: Neighbours in the embedding that classify another pattern.
_NEIGHBOURS = 15


class Mapped(NamedTuple):
    """What a model tells of the n positions of a scan that are kept."""

    trained: "TrainedModel"
    latent: np.ndarray  #: Embedded patterns, (n, d).
    probabilities: np.ndarray  #: (n, n_domains)
    agreement: np.ndarray  #: Of repeats, (n,); NaN where there are none.


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """An embedding, and classes of places in it."""

    embedding: LinearEmbedding
    view: View  #: What it sees of a pattern.
    #: Embedded patterns of the scan it was trained on, or some of them, (n, d).
    places: np.ndarray
    probabilities: np.ndarray  #: Of their domains, (n, n_domains).

    @classmethod
    def of(
        cls,
        embedding: LinearEmbedding,
        view: View,
        places: np.ndarray,
        probabilities: np.ndarray,
    ) -> "TrainedModel":
        """Return a model that remembers some of these places."""
        n = len(places)
        kept = np.linspace(0, n - 1, min(_KEPT, n)).astype(int)
        return cls(embedding, view, places[kept], probabilities[kept])

    def classify(self, patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places of reduced patterns, (n, d), and class probabilities.

        Patterns take the mean of their neighbours' probabilities in the embedding.
        """
        places = self.embedding.embed(patterns)
        neighbours = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(self.places)))
        distances, indices = neighbours.fit(self.places).kneighbors(places)
        widths = np.maximum(distances[:, -1:], 1e-12)
        weights = np.exp(-2 * (distances / widths) ** 2)
        weights /= weights.sum(axis=1, keepdims=True)
        return places, np.einsum("nm,nmk->nk", weights, self.probabilities[indices])

    @cached_property
    def structures(self) -> np.ndarray:
        """Pattern of each domain where most of its places are, (n_domains, n_cells)."""
        sizes = self.probabilities.sum(axis=0)[:, np.newaxis] + 1e-12
        centers = self.probabilities.T @ self.places / sizes
        nearest = NearestNeighbors(n_neighbors=1).fit(self.places)
        indices = nearest.kneighbors(centers, return_distance=False)[:, 0]
        return self.embedding.decode(self.places[indices])

    def turns(self, patterns: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return by how many azimuths patterns are turned, counter-clockwise, (n,)."""
        turns = np.zeros(len(patterns), int)
        if self.view.is_polar:
            azimuths = self.view.cells.shape[1]
            nothing = np.zeros((1, 1))
            nuisances = Nuisances(self.view.cells, nothing, nothing, azimuths)
            for k in np.unique(labels):
                own = labels == k
                turns[own] = nuisances.turns(patterns[own], self.structures[k])
        return turns

    def decode(self, places: np.ndarray) -> np.ndarray:
        """Return decoded patterns as images, (n, size, size), each of unit sum."""
        images = self.view.images(self.embedding.decode(places))
        return images / np.maximum(images.sum(axis=(1, 2), keepdims=True), 1e-30)

    def to_bytes(self) -> bytes:
        """Return the model and all it needs as bytes, for `from_bytes`."""
        view = asdict(self.view)
        arrays = {name: getattr(self, name) for name in ("places", "probabilities")}
        arrays["keep_pixels"] = view.pop("keep_pixels")
        header = {
            "format": FORMAT,
            "hspy_cnmf": version("hspy-cnmf"),
            "electrons": self.embedding.electrons,
            "view": view,
        }
        for name in _ARRAYS:
            arrays[name] = getattr(self.embedding, name).astype(np.float32)
        buffer = io.BytesIO()
        arrays["header"] = np.array(json.dumps(header))
        np.savez(buffer, checksum=np.array(checksum(arrays)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "TrainedModel":
        """Return the model that `to_bytes` wrote.

        Raises
        ------
        ValueError
            If these bytes are no model, damaged, or of another version of the format.
        """
        header, arrays = _read(content)
        fields = header["view"]
        for name in ("scales", "units", "center"):
            fields[name] = tuple(fields[name])
        view = View(keep_pixels=arrays["keep_pixels"], **fields)
        parts = {name: arrays[name] for name in _ARRAYS}
        embedding = LinearEmbedding(**parts, electrons=header["electrons"])
        return cls(embedding, view, arrays["places"], arrays["probabilities"])


def _read(content: bytes) -> tuple[dict, dict]:
    """Return the header of a file and its arrays; nothing in it is executed."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
        is_whole = str(arrays.pop("checksum", "")) == checksum(arrays)
        header = json.loads(str(arrays.pop("header")))
        found = header["format"]
    except Exception as error:  # readers raise whatever they stumble over
        raise ValueError(
            "This is no trained model of domains, as save_model writes it: "
            f"{type(error).__name__}."
        ) from error
    if found != FORMAT or "options" in header:
        raise ValueError(
            f"The model is of format {found} (hspy-cnmf {header.get('hspy_cnmf')}) "
            f"or a neural network; this version reads linear ones of format {FORMAT}: "
            "map its scan again, or install that version."
        )
    if not is_whole:
        raise ValueError(
            "The model is damaged: its checksum is another, or it has none. Save it "
            "again from its map, or train another."
        )
    return header, arrays
