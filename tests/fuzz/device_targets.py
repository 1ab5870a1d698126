"""Fuzz targets of the drivers: whatever a device says, only errors of `hw/errors.py` come of it.

Each takes the device's answers, a length of two bytes before each, and does with the driver what a
station does; nothing that the device made up may pass for a signature. `TARGETS` is a table.
"""

import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "devices"))

from around import Notebook, Somebody
from facts import recorded_task, recorded_vault

from hw.device import Surroundings
from hw.drivers import bitbox02, coldcard, jade, ledger, trezor
from hw.errors import DeviceError, TimedOut
from hw.framing import bitbox02 as bitbox02_framing
from hw.framing import coldcard as framing
from hw.framing import jade as jade_framing
from hw.framing import ledger as ledger_framing
from hw.framing import trezor as trezor_framing
from hw.task import Chain, Registration
from signer.core.errors import BadInput, Refused
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts


def answers(data):
    """Split at the lengths."""
    at = 0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + size]
        at += 2 + size


class Spoken:
    """A pipe on which a device says what it was told to, and then nothing more."""

    place = "a fuzzer"

    def __init__(self, reports, driver=coldcard.DRIVER):
        self._reports = iter(reports)
        self.shape = driver.shapes[0]
        self.product = self.shape.product

    def write(self, data):
        """Nobody listens."""

    def read(self, _timeout):
        """Say the next report."""
        for report in self._reports:
            return report
        raise TimedOut("it has said everything")

    def drain(self):
        """Nothing is left over."""

    def close(self):
        """Nothing is held."""


def surroundings():
    """An officer who types the same at every question; nobody waits."""
    officer = Somebody(secrets=["1937"] * 100)
    return Surroundings(officer, Notebook(), lambda size: b"\x01" * size, lambda _seconds: None)


@cache
def asked():
    """What the station asks: the recorded vault and transaction."""
    vault = recorded_vault("coldcard")
    kept = Registration("any", "0f056943", vault.id, vault.name)
    return vault_facts(vault), script_facts(vault, 0, 0), recorded_task("coldcard", kept)


def station(signer):
    """Everything that a station does, each step swallowing what a driver may raise."""
    facts, script, task = asked()
    memory = Notebook()
    for step in (
        signer.fingerprint,
        lambda: signer.xpub(facts.cosigners[0].path, Chain("BTC", "test")),
        lambda: signer.registered(facts, None),
        lambda: signer.register(facts),
        lambda: signer.show_address(facts, script, task.registration),
        lambda: accept(task, signer.sign(task), memory),
        signer.cancel,
        signer.close,
    ):
        try:
            step()
        except (DeviceError, Refused, BadInput):
            continue


def fuzz_coldcard(data):
    """Answers in whole messages, as if the link's cipher were not there."""
    said = [part for part in answers(data) if part]
    reports = (r for part in said for r in framing.cut(framing.Message(part, encrypted=False)))
    pipe, around = Spoken(reports), surroundings()
    link = framing.Link(pipe, around.entropy)
    master = framing.Master("0f056943", asked()[0].cosigners[0].xpub)
    info = coldcard._info(said[0].decode("latin-1") if said else "")
    signer = coldcard.Coldcard(link, pipe, around, master, info)
    with suppress(DeviceError):
        signer.prove()
    station(signer)


def fuzz_coldcard_reports(data):
    """Reports of any size, from the first byte of a session on."""
    try:
        signer = coldcard.start(Spoken(answers(data)), surroundings())
    except DeviceError:
        return
    station(signer)


def fuzz_trezor(data):
    """Answers in whole messages, a type of two bytes before each; the first is the Features."""
    said = [part for part in answers(data) if len(part) >= 2]
    packets = (
        packet
        for part in said[1:]
        for packet in trezor_framing.cut(
            trezor_framing.Message(int.from_bytes(part[:2], "big"), part[2:])
        )
    )
    pipe = Spoken(packets)
    with suppress(DeviceError):
        features = trezor_framing.Fields(said[0][2:] if said else b"")
        station(trezor.Trezor(trezor_framing.Link(pipe), pipe, surroundings(), features))


def fuzz_trezor_packets(data):
    """Packets of any size, from the first byte of a session on."""
    with suppress(DeviceError):
        station(trezor.start(Spoken(answers(data)), surroundings()))


def fuzz_jade(data):
    """Whole answers, whatever their ids: each comes as the answer to what is asked next."""
    link = Answering(answers(data))
    version = {"JADE_STATE": "READY", "JADE_NETWORKS": "ALL", "JADE_VERSION": "1.0.40"}
    station(jade.Jade(link, Spoken(()), surroundings(), version))


class Answering(jade_framing.Link):
    """A link on which every request is answered by the next thing that was said."""

    def __init__(self, said):
        super().__init__(Spoken(()), 1)
        self._said = iter(said)

    def receive(self, _timeout):
        """Answer."""
        for one in self._said:
            found = jade_framing.decode(one)
            return jade_framing._reply(found[0] if found and isinstance(found[0], dict) else {})
        raise TimedOut("it has said everything")


def fuzz_jade_stream(data):
    """Bytes of a serial line, from the first one of a session on."""
    with suppress(DeviceError):
        station(jade.start(Spoken(answers(data)), surroundings()))


def fuzz_ledger(data):
    """Answers in whole messages of a Ledger with the Test app open."""
    said = (part for part in answers(data) if len(part) > 1)
    pipe = Spoken((r for part in said for r in ledger_framing.cut(part)), ledger.DRIVER)
    info = ledger.DeviceInfo("Ledger", "2.4.6", locked=False)
    link = ledger_framing.Link(pipe)
    station(ledger.Ledger(pipe, surroundings(), link, info, "Bitcoin Test"))


def fuzz_ledger_reports(data):
    """Reports of any size, from the first on."""
    try:
        signer = ledger.start(Spoken(answers(data), ledger.DRIVER), surroundings())
    except DeviceError:
        return
    station(signer)


def fuzz_bitbox02(data):
    """Answers in whole messages, as if the link were open and nothing encrypted."""
    said = iter(list(answers(data)))

    def ask(_request):
        for message in said:
            return message
        raise TimedOut("it has said everything")

    pipe, around = Spoken(()), surroundings()
    link = bitbox02_framing.Link(pipe, around)
    link.begin, link.ask = (lambda: None), ask
    hello = bitbox02_framing.Hello(
        "9.25.1", nova=True, bitcoin_only=False, unlocked=True, seeded=True
    )
    station(bitbox02.BitBox02(pipe, around, link, hello))


def fuzz_bitbox02_reports(data):
    """Reports of any size, from the first on: the handshake is in reach, what it hides is not."""
    try:
        signer = bitbox02.start(Spoken(answers(data), bitbox02.DRIVER), surroundings())
    except DeviceError:
        return
    station(signer)


TARGETS = {
    "bitbox02": fuzz_bitbox02,
    "bitbox02_reports": fuzz_bitbox02_reports,
    "coldcard": fuzz_coldcard,
    "coldcard_reports": fuzz_coldcard_reports,
    "ledger": fuzz_ledger,
    "ledger_reports": fuzz_ledger_reports,
    "jade": fuzz_jade,
    "jade_stream": fuzz_jade_stream,
    "trezor": fuzz_trezor,
    "trezor_packets": fuzz_trezor_packets,
}
