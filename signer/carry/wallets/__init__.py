"""A vault as other wallets write it: one file a format, and the table in `formats.py`."""
