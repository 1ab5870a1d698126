"""Who may do what. Knows no Bitcoin library and never imports `signer` or `hw`."""
