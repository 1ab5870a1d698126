"""What a signer checks, in order, and the signature."""
