"""The recovery sheet: paper from which a stranger gets a vault's coins back with Bitcoin Core."""
