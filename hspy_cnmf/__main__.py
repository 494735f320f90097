"""Constrained NMF and maps of domains from the shell: ``python -m hspy_cnmf``."""

from hspy_cnmf.cli.command import run

if __name__ == "__main__":
    run()
