"""Across the air gap: files, and the documents inside a PSBT."""
