"""The trusted core: what every signer derives and checks for itself."""
