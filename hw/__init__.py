"""USB hardware signers: untrusted devices, every answer of which is verified again."""
