"""The number of components: a scan over it, and what that says."""

from hspy_cnmf.selection.output_dimension_scan import (
    OutputDimensionScan,
    get_scan,
    load_scan,
)
from hspy_cnmf.selection.scan import scan_output_dimension

__all__ = ["OutputDimensionScan", "get_scan", "load_scan", "scan_output_dimension"]
