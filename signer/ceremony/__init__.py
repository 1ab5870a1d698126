"""Rehearsals: people and programs playing a whole ceremony, for real."""
