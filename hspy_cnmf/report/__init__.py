"""A report of an analysis: one HTML page that needs nothing else."""

from hspy_cnmf.report.write_report import write_report

__all__ = ["write_report"]
