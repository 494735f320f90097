"""What ``python -m hspy_cnmf`` does with a signal: one of two jobs.

Each takes the signal, the options and a folder, says what it does, and returns the
names of what it has written to the folder.
"""

from hspy_cnmf.cli.jobs.factorise import factorise
from hspy_cnmf.cli.jobs.map_domains import map_domains

__all__ = ["factorise", "map_domains"]
