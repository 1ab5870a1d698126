"""The Ledger's driver against recordings of the Bitcoin app, byte for byte."""

import pytest
from around import Notebook, around
from facts import recorded_psbt, recorded_task, recorded_vault, settled
from ledger_device import LedgerDevice
from replay import Frame, Player, Recording, case

from hw import usb
from hw.drivers import ledger
from hw.errors import (
    FirmwareTooOld,
    Garbage,
    Locked,
    NotInstalled,
    RefusedByUser,
    Rejected,
    TimedOut,
    Unsupported,
    WrongApp,
    WrongNetwork,
)
from hw.framing import ledger as framing
from hw.framing.ledger import Command, Link
from hw.task import Chain, Registration
from signer.core.bip32 import parse_path
from signer.core.coins import network
from signer.core.psbt_fields import Input
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts

TESTNET, MAINNET = Chain("BTC", "test"), Chain("BTC", "main")
ACCOUNT = parse_path("48h/1h/0h/2h")
SPLUS = next(shape for shape in ledger.DRIVER.shapes if shape.product == 0x5000)
TEST_APP = ledger.DeviceInfo("Ledger Nano S Plus", "2.4.6", locked=False)


def frames(recording):
    """The recorded frames; where only commands were captured, cut by the rule in the README."""
    if any("frame" in line for line in recording.lines):
        return recording.frames
    return [
        Frame(one.out, report)
        for one in recording.messages("apdu")
        for report in framing.cut(one.data)
    ]


class Session:
    """A driver on a recording, with the Test app open unless the recording begins with that."""

    def __init__(self, bus, flow, *, app="Bitcoin Test", opened=False):
        recording = Recording.load(f"ledger-{flow}")
        self.header = recording.header
        played = frames(recording)
        if not opened:  # createClient asks first
            said = b"\x01\x0cBitcoin Test\x052.4.6\x01\x00\x90\x00"
            hello = [Frame(True, framing.VERSION.to_bytes()), Frame(False, said)]
            played = [Frame(h.out, r) for h in hello for r in framing.cut(h.data)] + played
        self.player = Player(played)
        self.plugged = bus.plug(self.player, SPLUS, product=0x5011)
        (at,) = usb.attached(ledger.DRIVER.shapes)
        self.pipe = usb.open_pipe(at)
        self.around = around(bus)
        self.link = Link(self.pipe)
        self.signer = ledger.Ledger(self.pipe, self.around, self.link, TEST_APP, app)
        if not opened:
            assert self.signer._client

    def says(self, *command):
        """Send a raw command, and give what it is refused with."""
        return framing.refusal(self.link.exchange(Command(*command)))

    def ends(self):
        """Close; everything was played and given back."""
        self.signer.close()
        return self.player.finished and self.plugged.given_back


@pytest.fixture
def vault():
    """The recorded vault."""
    return vault_facts(recorded_vault("ledger"))


def registration(vault):
    """What the recorded registration gave."""
    said = case("ledger")
    policy = bytes.fromhex(said["wallet_policy"]["wallet_id"])
    token = policy + bytes.fromhex(said["wallet_hmac"])
    return Registration("ledger", "f5acc2fd", vault.id, "study", token)


def test_hello(bus):
    """The app's name and version; the library asks again; the fingerprint."""
    session = Session(bus, "01-hello", opened=True)
    session.signer = ledger.start(session.pipe, session.around)
    info = session.signer.info
    assert (info.model, info.firmware, info.locked) == ("Ledger Nano S Plus", "2.4.6", False)
    assert session.signer.fingerprint() == "f5acc2fd"
    assert session.ends()


def test_extended_keys(bus):
    """The vault's key comes unasked; the master key and odd paths do not."""
    session = Session(bus, "02-xpub")
    key = case("ledger")["keys"][0]["tpub"]
    assert session.signer.xpub(ACCOUNT, TESTNET) == key
    data = b"\x00\x00"
    assert isinstance(session.says(0xE1, 0, data, 0, 1), Unsupported)
    with pytest.raises(Unsupported):
        session.signer.xpub(parse_path("12345h/7"), TESTNET)
    assert session.signer._client.get_extended_pubkey("m/48'/1'/0'/2'", display=True) == key
    assert session.ends()


def test_registration(bus, vault):
    """The policy's id and HMAC come back, and are remembered; the library asks an address."""
    session = Session(bus, "03-register-wallet")
    session.signer.fingerprint = lambda: "f5acc2fd"  # the recording does not ask
    assert session.signer.register(vault) == registration(vault)
    assert session.signer._remembered(vault) == registration(vault)
    assert session.ends()


def test_address(bus, vault):
    """Receive 0 shown, then change 1 unseen; the device says what the station derives."""
    session = Session(bus, "04-show-address")
    script = script_facts(recorded_vault("ledger"), 0, 0)
    assert session.signer.show_address(vault, script, registration(vault)) == script.address
    known = ledger._policy(vault, "study")
    hmac = registration(vault).token[32:]
    told = session.signer._client.get_wallet_address(known, hmac, 1, 1, display=False)
    assert told == case("ledger")["address_change_1"]
    assert session.ends()


def test_signing_and_the_final_transaction(bus, vault):
    """The station's own PSBT makes the recorded traffic; Core takes the result."""
    session = Session(bus, "05-sign-2of3")
    task = recorded_task("ledger", registration(vault))
    answer = session.signer.sign(task)
    assert session.ends()
    said = case("ledger")
    (signature,) = accept(task, answer, session.around.memory).values()
    assert signature.signature.hex() == said["device_signatures"][0]["signature"]
    assert settled("ledger", signature).to_bytes().hex() == said["final_tx_with_cosigner_alpha"]


@pytest.mark.parametrize("flow", ["06-sign", "06b-register", "06c-address"])
def test_the_officer_says_no(bus, vault, flow):
    """To the transaction, the policy, the address: 6985 is a no, and nothing is kept."""
    session = Session(bus, f"{flow}-refused-by-user")
    script = script_facts(recorded_vault("ledger"), 0, 1)
    other = vault_facts(recorded_vault("ledger", "study2"))  # another name: the one recorded
    ask = {
        "06-sign": lambda s: s.sign(recorded_task("ledger", registration(vault))),
        "06b-register": lambda s: s.register(other),
        "06c-address": lambda s: s.show_address(vault, script, registration(vault)),
    }[flow]
    with pytest.raises(RefusedByUser):
        ask(session.signer)
    assert not session.around.memory
    assert session.ends()


def without_previous_transaction(psbt):
    """The recorded PSBT without the first field of its only input."""
    field = recorded_psbt("ledger").inputs[0].previous_tx.raw
    head = b"\x01" + bytes((Input.PREVIOUS_TX,)) + bytes((len(field),))
    assert psbt.count(head + field) == 1
    return psbt.replace(head + field, b"")


def test_wrong_things(bus, vault):
    """What the app says to nonsense, each an error of its own; a wrong HMAC is no registration."""
    session = Session(bus, "07-malformed")
    signer, link = session.signer, session.link
    assert isinstance(session.says(0xE0, 1), WrongApp)
    assert isinstance(session.says(0xE1, 0xFF, b"", 0, 1), WrongApp)
    for p1, p2 in ((0, 0), (1, 1)):
        assert link.exchange(Command(0xE1, 5, b"", p1, p2)).data.hex() == "f5acc2fd"
    assert session.says(0xE1, 0, b"\x00\x05", 0, 1).found == "6a87"
    for report in framing.cut(b"\xe1\x00\x00\x01"):
        session.pipe.write(report)
    assert framing.reply(framing.join(lambda: session.pipe.read(1))).status == 0x6A87
    assert session.says(0xF8, 1, b"", 0, 1).found == "b007"
    known = registration(vault)
    wrong = Registration("ledger", "f5acc2fd", vault.id, "study", known.token[:32] + b"\x01" * 32)
    assert signer.registered(vault, wrong) is None
    foreign = ledger._policy(vault, "notours")
    foreign.descriptor_template = "wsh(sortedmulti(1,@0/**,@1/**))"
    foreign.keys_info = foreign.keys_info[1:]
    with pytest.raises(Rejected) as told:
        ledger._told(lambda: signer._client.register_wallet(foreign))
    assert told.value.found == "00026a80"
    task = recorded_task("ledger", known)
    whole = task.psbt
    object.__setattr__(task, "psbt", without_previous_transaction(whole))
    answer = signer.sign(task)  # it warned of that on its screen
    assert "unverified inputs" in session.around.officer.told[-1]
    assert accept(task, answer, Notebook())
    object.__setattr__(task, "psbt", whole)
    object.__setattr__(known, "token", known.token[:32] + bytes(32))
    with pytest.raises(Rejected) as told:
        signer.sign(task)
    assert told.value.found == "00006a80"
    for error in (Locked, WrongApp, WrongApp):
        with pytest.raises(error):
            signer.fingerprint()
    assert session.ends()


def test_the_mainnet_app(bus, vault):
    """The same seed answers, and the vault is not registered: refused by us and by the app."""
    session = Session(bus, "08-wrong-app", opened=True)
    signer = ledger.start(session.pipe, session.around)
    assert signer.info.state == "app Bitcoin"
    reply = session.link.exchange(Command(0xE1, 5, b"", 0, 1))
    assert reply.data.hex() == "f5acc2fd"
    path = b"".join(step.to_bytes(4, "big") for step in ACCOUNT)
    assert isinstance(session.says(0xE1, 0, b"\x00\x04" + path, 0, 1), Unsupported)
    main = path[:4] + b"\x80\0\0\0" + path[8:]
    assert session.link.exchange(Command(0xE1, 0, b"\x00\x04" + main, 0, 1)).data[:4] == b"xpub"
    for ask in (
        lambda: signer.register(vault),
        lambda: signer.xpub(ACCOUNT, TESTNET),
        lambda: signer.sign(recorded_task("ledger", registration(vault))),
    ):
        with pytest.raises(WrongNetwork):
            ask()
    with pytest.raises(Rejected) as told:
        ledger._told(lambda: signer._client.register_wallet(ledger._policy(vault, "study")))
    assert told.value.found == "6a80"
    assert session.ends()


def simulated(bus, memory=None, **settings):
    """A simulated Ledger, plugged in, and a driver that has asked what it is."""
    device = LedgerDevice(bus)
    for name, value in settings.items():
        setattr(device, name, value)
    device.plugged(product=0x5011)
    (at,) = usb.attached(ledger.DRIVER.shapes)
    return device, ledger.start(usb.open_pipe(at), around(bus, memory=memory))


@pytest.mark.parametrize(
    ("app", "state", "error"),
    [
        ("BOLOS", "another app is open: 'BOLOS'", WrongApp),
        ("Ethereum", "another app is open: 'Ethereum'", WrongApp),
        ("", "it is locked", Locked),
    ],
)
def test_a_ledger_that_cannot_do_anything_yet(bus, app, state, error):
    """The dashboard, another app, or a PIN: it is listed with what it wants; the rest is told."""
    device = LedgerDevice(bus)
    device.owner.locked = not app
    device.app = app
    device.plugged()
    (at,) = usb.attached(ledger.DRIVER.shapes)
    signer = ledger.start(usb.open_pipe(at), around(bus))
    assert (signer.info.locked, signer.info.state) == (True, state)
    for ask in (
        signer.fingerprint,
        lambda: signer.xpub(ACCOUNT, TESTNET),
        lambda: signer.registered(vault_facts(recorded_vault("ledger")), None),
        lambda: signer.sign(recorded_task("ledger")),
    ):
        with pytest.raises(error):
            ask()
    signer.cancel()
    assert not signer._around.officer.told


def test_an_app_that_is_too_old(bus):
    """Before 2.1 there are no such policies."""
    for version in ("2.0.6", "1.6.3"):
        bus.devices.clear()
        with pytest.raises(FirmwareTooOld):
            simulated(bus, version=version)
    bus.devices.clear()
    assert simulated(bus, version="2.10.0-rc1")[1].info.firmware == "2.10.0-rc1"


def test_models_by_their_product_id(bus):
    """The high byte is the model, whatever interfaces the low byte tells of; old ids, too."""
    models = {0x1011: "Nano S", 0x4015: "Nano X", 0x0004: "Nano X", 0x6011: "Stax", 0x7001: "Flex"}
    for product, model in models.items():
        bus.devices.clear()
        LedgerDevice(bus).plugged(product=product)
        (at,) = usb.attached(ledger.DRIVER.shapes)
        pipe = usb.open_pipe(at)
        assert ledger.start(pipe, around(bus)).info.model == f"Ledger {model}" == at.shape.model
        pipe.close()


def test_without_the_vendors_library(bus, monkeypatch):
    """It is listed all the same, and what needs the library says which."""
    monkeypatch.setitem(__import__("sys").modules, "ledger_bitcoin", None)
    _, signer = simulated(bus)
    with pytest.raises(NotInstalled, match="ledger-bitcoin"):
        signer.fingerprint()


def test_a_registration_of_another_device_or_name(bus):
    """The HMAC is this seed's and this policy's: with any other, register again."""
    vault = vault_facts(recorded_vault("coldcard"))  # with the simulated device's seed
    memory = Notebook()
    _, signer = simulated(bus, memory)
    kept = signer.register(vault)
    assert signer.registered(vault, kept) == kept
    assert signer.registered(vault, None) == kept, "the driver remembers, too"
    other = vault_facts(recorded_vault("coldcard", "study2"))
    assert signer.registered(other, None) is None
    for name, token in (("study2", kept.token), ("study", kept.token[:63]), ("study", bytes(64))):
        changed = Registration("ledger", kept.fingerprint, vault.id, name, token)
        assert signer.registered(vault, changed) is None
    assert signer.registered(vault, Registration("coldcard", "00000000", vault.id)) is None
    memory.put(next(iter(memory)), b"short")
    assert signer.registered(vault, None) is None
    with pytest.raises(Rejected, match="was not told"):
        signer.sign(recorded_task("coldcard"))


def test_an_app_left_in_the_middle(bus, vault):
    """A program stopped while the app was asking it: the next one's first command is repeated."""
    device, signer = simulated(bus)
    signer.fingerprint()
    device._flow = device._address(bytes(70))
    next(device._flow)
    assert signer.fingerprint() == device.fingerprint


def test_an_app_that_asks_without_end(bus, vault, monkeypatch):
    """It is stopped after a bound."""
    _, signer = simulated(bus)
    monkeypatch.setattr(framing, "_MOST_TURNS", 5)
    with pytest.raises(Garbage, match="without end"):
        signer.register(vault)


def test_a_regtest_address_is_said_as_one(bus):
    """The test app says tb1; the station hears bcrt1 of the same program."""
    said = case("ledger")["address_receive_0"]
    regtest = ledger._address(said, Chain("BTC", "regtest"))
    assert regtest.startswith(network("BTC", "regtest").hrp + "1")
    assert regtest[5:-6] == said[3:-6]
    with pytest.raises(Garbage):
        ledger._address("tb1nonsense", Chain("BTC", "regtest"))


HEAD = b"\x01\x01\x05"


@pytest.mark.parametrize(
    "reports",
    [
        [HEAD],
        [(HEAD + b"\0\0\0\2").ljust(70, b"\0")],
        [b"\x01\x02\x05".ljust(64, b"\0")],
        [b"\x01\x01\x06".ljust(64, b"\0")],
        [(HEAD + b"\0\1\0\2").ljust(64, b"\0")],
        [(HEAD + b"\0\0\0\1").ljust(64, b"\0")],
        [(HEAD + b"\0\0\xff\xff").ljust(64, b"\0")],
        [(HEAD + b"\0\0\0\x60").ljust(64, b"\0"), (HEAD + b"\0\2").ljust(64, b"\0")],
    ],
    ids=["short", "long", "channel", "tag", "number", "no status", "endless", "skipped"],
)
def test_reports_that_are_not_cut_as_they_should_be(reports):
    """Each is told, before anything is allocated for it."""
    left = iter(reports)
    with pytest.raises(Garbage):
        framing.join(lambda: next(left))


def test_a_message_survives_its_reports():
    """Whatever is cut is joined again, at every length around a report's."""
    for size in (2, 56, 57, 58, 59, 115, 116, 117, 260):
        message = bytes(range(256))[:1] * (size - 1) + b"\x90"
        reports = iter(framing.cut(message))
        assert framing.join(lambda reports=reports: next(reports)) == message


@pytest.mark.parametrize("said", [b"", b"\x02", b"\x01\x07Bitcoin", b"\x01\x02\xff\xff\x01a"])
def test_an_answer_that_does_not_say_what_it_is(said):
    """Neither name nor version is guessed."""
    with pytest.raises(Garbage):
        ledger._version(said)


def test_what_is_left_on_the_screen_is_told(bus):
    """After a no nothing is asked; after Ctrl-C or too long a wait, the officer hears of it."""
    vault = vault_facts(recorded_vault("coldcard"))
    device, signer = simulated(bus)
    told = signer._around.officer.told
    device.owner.refuses = True
    with pytest.raises(RefusedByUser):
        signer.register(vault)
    signer.cancel()
    assert "say no" not in told[-1]
    device.owner.slow = 86_400
    with pytest.raises(TimedOut):
        signer.register(vault)
    signer.cancel()
    assert "say no" in told[-1]
