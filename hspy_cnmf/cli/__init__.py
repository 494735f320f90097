"""The command line, ``python -m hspy_cnmf``."""
