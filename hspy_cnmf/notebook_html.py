"""What notebooks show of a result: its summary, small pictures and a table."""

from __future__ import annotations

import html
import warnings
from base64 import b64encode
from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hspy_cnmf.plain_text import html_text
from hspy_cnmf.tables import Table

#: Most pictures of a result, and most points of one along each axis: in a notebook
#: that shows many results, each takes some 50 kB at most.
MOST_PICTURES, MOST_POINTS = 6, 48

#: Parts of the values below and above which colours are those at the ends.
_ENDS = 0.002, 0.998

_STYLE = "height:96px;min-width:48px;image-rendering:pixelated"


class Picture(NamedTuple):
    """A map or pattern to be shown in small.

    Parameters
    ----------
    caption : str
    values : array-like
        Two dimensions; a row where there is one, and the mean over the outer ones
        where there are more. NaN is grey. Whole numbers are those of colours, and
        grey below 0.
    colormap : str, default "viridis"
    gamma : float, default 1
        Colours follow the values to this power.
    """

    caption: str
    values: ArrayLike
    colormap: str = "viridis"
    gamma: float = 1.0


def notebook_html(
    name: str,
    summary: str,
    pictures: Iterable[Picture] = (),
    table: Table | None = None,
) -> str:
    """Return a result as HTML.

    Parameters
    ----------
    name : str
        What kind of result it is.
    summary : str
        What was found, in one line or more.
    pictures : iterable of Picture
        The first `MOST_PICTURES` are shown.
    table : Table, optional

    Returns
    -------
    str
    """
    words = f"<strong>{html.escape(name)}</strong><pre>{html.escape(summary)}</pre>"
    shown = "".join(map(_figure, islice(pictures, MOST_PICTURES)))
    row = f'<div style="display:flex;gap:8px">{shown}</div>' if shown else ""
    return words + row + ("" if table is None else table._repr_html_())


def _figure(picture: Picture) -> str:
    caption = html_text(picture.caption)
    source = f"data:image/png;base64,{b64encode(_png(picture)).decode()}"
    return (
        f'<figure style="margin:0"><img alt="{caption}" style="{_STYLE}" '
        f'src="{source}"><figcaption>{caption}</figcaption></figure>'
    )


def _png(picture: Picture) -> bytes:
    """Return the file of a picture."""
    # Loaded when used: importing the package stays quick.
    from matplotlib import colormaps
    from matplotlib.image import imsave

    colormap = colormaps[picture.colormap].with_extremes(bad="0.6", under="0.6")
    values = np.asarray(picture.values)
    if values.dtype.kind in "iu":
        steps = [-(-n // MOST_POINTS) for n in values.shape]
        numbers = values[tuple(slice(None, None, step) for step in steps)].astype(int)
        numbers = np.where(numbers < 0, -1, numbers % colormap.N)
        colours = colormap(np.atleast_2d(numbers))
    else:
        colours = colormap(_scaled(_reduced(values)) ** picture.gamma)
    file = BytesIO()
    imsave(file, colours, format="png")
    return file.getvalue()


def _reduced(values: np.ndarray) -> np.ndarray:
    """Return means over cells of an image, of few points, over the largest value."""
    values = np.where(np.isfinite(values), values, np.nan).astype(float)
    values = values / (np.nanmax(np.abs(values), initial=0) or 1)
    steps = [-(-n // MOST_POINTS) for n in np.atleast_2d(values).shape[-2:]]
    with warnings.catch_warnings():
        # All values of a cell may be masked: it stays NaN.
        warnings.simplefilter("ignore", RuntimeWarning)
        while values.ndim > 2:
            values = np.nanmean(values, axis=0)
        image = np.atleast_2d(values)
        rest = [(0, -n % step) for n, step in zip(image.shape, steps, strict=True)]
        image = np.pad(image, rest, constant_values=np.nan)
        rows, columns = (n // s for n, s in zip(image.shape, steps, strict=True))
        cells = image.reshape(rows, steps[0], columns, steps[1])
        return np.nanmean(cells, axis=(1, 3))


def _scaled(image: np.ndarray) -> np.ndarray:
    """Return values between 0 and 1, NaN kept."""
    finite = image[np.isfinite(image)]
    low, high = np.quantile(finite, _ENDS) if finite.size else (0.0, 1.0)
    return np.clip((image - low) / ((high - low) or 1.0), 0, 1)
