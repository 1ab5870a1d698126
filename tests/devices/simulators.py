"""The table of simulated signers, by the vendor's name in `hw/find.py`: one line a vendor."""

from bitbox02_device import Bitbox02Device
from coldcard_device import ColdcardDevice
from jade_device import JadeDevice
from ledger_device import LedgerDevice
from simulated import SimulatedSigner
from trezor_device import TrezorDevice

SIMULATORS: dict[str, type[SimulatedSigner]] = {
    "coldcard": ColdcardDevice,
    "ledger": LedgerDevice,
    "bitbox02": Bitbox02Device,
    "trezor": TrezorDevice,
    "jade": JadeDevice,
}
