"""Makes `policy_world` importable from the folders below, too."""
