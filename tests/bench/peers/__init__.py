"""One file an implementation: what it is asked to do, in its own words."""
