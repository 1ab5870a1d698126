"""The way of a withdrawal: build, carry, sign, settle."""
