"""The data behind two products: all that the solver knows of a scan.

An operator stands for the matrix X of the data, positions x pixels, and offers

``patterns(loadings)``
    sums of the diffraction patterns weighted by maps, ``loadings @ X``;
``images(factors)``
    virtual images formed with patterns as detectors, ``factors @ X.T``;
``square_norm``
    the squared Frobenius norm of X.

`BlockReader` is what reads the data, for other work than products, too.

Stacks may have any number of leading axes; the last one runs over the positions
(loadings) or the pixels (factors) that no mask excludes.
"""

from hspy_cnmf.operators.low_rank import LowRankOperator
from hspy_cnmf.operators.reader import BlockReader
from hspy_cnmf.operators.series import SeriesOperator
from hspy_cnmf.operators.streamed import StreamedOperator

__all__ = ["BlockReader", "LowRankOperator", "SeriesOperator", "StreamedOperator"]
