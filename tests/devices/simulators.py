"""The table of simulated signers, by the vendor's name in `hw/find.py`: one line a vendor."""

from simulated import SimulatedSigner

SIMULATORS: dict[str, type[SimulatedSigner]] = {}
