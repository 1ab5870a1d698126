"""The commands of coldquorum."""
