"""The table of simulated signers, by the vendor's name in `hw/find.py`: one line a vendor."""

from bitbox02_device import Bitbox02Device
from coldcard_device import ColdcardDevice
from ledger_device import LedgerDevice
from simulated import SimulatedSigner

SIMULATORS: dict[str, type[SimulatedSigner]] = {
    "coldcard": ColdcardDevice,
    "ledger": LedgerDevice,
    "bitbox02": Bitbox02Device,
}
