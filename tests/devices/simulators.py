"""The table of simulated signers, by the vendor's name in `hw/find.py`: one line a vendor."""

from coldcard_device import ColdcardDevice
from jade_device import JadeDevice
from simulated import SimulatedSigner
from trezor_device import TrezorDevice

SIMULATORS: dict[str, type[SimulatedSigner]] = {
    "coldcard": ColdcardDevice,
    "trezor": TrezorDevice,
    "jade": JadeDevice,
}
