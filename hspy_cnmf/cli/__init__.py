"""The command line: ``hspy-cnmf``, or ``python -m hspy_cnmf``."""
