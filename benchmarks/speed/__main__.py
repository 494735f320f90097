"""Run from the command line; see `benchmarks.speed.tables`."""

from benchmarks.speed.tables import main

if __name__ == "__main__":
    main()
