"""The plane of the latent space that figures show."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

#: Decoded patterns along each coordinate of the plane.
_GRID = 7

#: Positions that tell where, off the plane, patterns are decoded.
_NEIGHBOURS = 15


def latent_plane(latent: np.ndarray) -> dict:
    """Choose the plane of a latent space in which positions spread most.

    Parameters
    ----------
    latent : numpy.ndarray, shape (n_positions, latent_dimension)

    Returns
    -------
    dict
        "coordinates", the two along which positions spread most (the only one of a
        line), and "low" and "high", the range along each that all but 2 % lie in.
    """
    coordinates = np.sort(np.argsort(-latent.var(axis=0), kind="stable")[:2])
    low, high = np.quantile(latent[:, coordinates], [0.01, 0.99], axis=0)
    return {
        "coordinates": coordinates.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def places_on(plane: dict, latent: np.ndarray) -> np.ndarray:
    """Return places on a square grid over a plane, (n, latent_dimension), from above.

    The other coordinates of a place are the mean of those of the positions next to it
    in the plane, so that patterns are decoded where there are some.
    """
    coordinates = plane["coordinates"]
    steps = np.linspace(plane["low"], plane["high"], _GRID)
    columns = [steps[:, 0], *(steps[::-1, i] for i in range(1, len(coordinates)))]
    grid = np.stack(np.meshgrid(*columns), axis=-1).reshape(-1, len(coordinates))
    model = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(latent)))
    nearest = model.fit(latent[:, coordinates]).kneighbors(grid, return_distance=False)
    places = latent[nearest].mean(axis=1)
    places[:, coordinates] = grid
    return places
