"""How fast it is, against the curve and against other libraries: see `docs/bench.md`."""
