"""The bundles of the attacks that have names (`signer/redteam/attacks.py` is their table)."""
