"""Secrets at rest: entropy, words, the keystore."""
