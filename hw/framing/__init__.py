"""How vendors cut a message into reports, one file each. Parsers here meet hostile bytes."""
