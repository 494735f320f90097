"""How many components: a scan over their number, and what it says."""

from hspy_cnmf.selection.output_dimension_scan import (
    OutputDimensionScan,
    get_scan,
    load_scan,
)
from hspy_cnmf.selection.scan import scan_output_dimension

__all__ = ["OutputDimensionScan", "get_scan", "load_scan", "scan_output_dimension"]
