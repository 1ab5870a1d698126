"""Secrets: where they come from, at rest, and on paper (words, shares, strings)."""
