"""Run from the command line; see `benchmarks.clustering.tables`."""

from benchmarks.clustering.tables import main

if __name__ == "__main__":
    main()
