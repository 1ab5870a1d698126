"""The Jade's driver against recordings of its real firmware, byte for byte, with their ids."""

import base64
from dataclasses import replace

import pytest
from around import Somebody, around
from facts import recorded_task, recorded_vault, settled
from jade_device import JadeDevice
from replay import Player, Recording, case
from withdrawals import vault_of, withdrawal

from hw import anti_klepto, usb
from hw.drivers import jade
from hw.errors import (
    FirmwareTooOld,
    Garbage,
    Lied,
    Locked,
    RefusedByUser,
    Rejected,
    TimedOut,
    WrongNetwork,
)
from hw.framing import jade as framing
from hw.framing.jade import Link, decode, encode
from hw.task import Chain, Registration
from signer.core import secp
from signer.core.bip32 import parse_path
from signer.core.psbt import Psbt
from signer.core.sighash import Bip143
from signer.station.answer import accept
from signer.station.task import script_facts, vault_facts

TESTNET, MAINNET = Chain("BTC", "test"), Chain("BTC", "main")
ACCOUNT = parse_path("48h/1h/0h/2h")
READY = {"JADE_STATE": "READY", "JADE_NETWORKS": "ALL", "JADE_VERSION": "1.0.40"}


class Session:
    """A driver on a recording, whose requests begin with a recorded id."""

    def __init__(self, bus, flow, first, *entropy):
        self.recording = Recording.load(f"jade-{flow}")
        self.player = Player(self.recording.frames, stream=True)
        self.plugged = bus.plug(self.player, jade.DRIVER.shapes[0])
        (at,) = usb.attached(jade.DRIVER.shapes)
        self.pipe = usb.open_pipe(at)
        self.officer = Somebody()
        self.around = around(bus, *entropy, officer=self.officer)
        self.link = Link(self.pipe, first)
        self.signer = jade.Jade(self.link, self.pipe, self.around, READY)
        self.signer._fingerprint = case("jade")["keys"][0]["master_fingerprint"]

    def ask(self, method, params=None):
        """Ask as the recorded client did."""
        return self.signer._ask(method, params, 1)

    def sent(self, number):
        """The parameters of a recorded request."""
        frames = [one.data for one in self.recording.frames if one.out]
        return decode(frames[number])[0].get("params")

    def ends(self):
        """Close; everything was played and given back."""
        self.pipe.close()
        return self.player.finished and self.plugged.given_back


@pytest.fixture
def vault():
    """The recorded vault."""
    return vault_facts(recorded_vault("jade"))


@pytest.fixture
def kept(vault):
    """What register kept of it."""
    return Registration("jade", "e3ebcc79", vault.id, "study")


def test_hello(bus):
    """What a Jade without a seed says of itself; it has no key to give."""
    session = Session(bus, "01-hello", 100001)
    assert session.ask("ping") == 0
    said = session.ask("get_version_info")
    info = jade.Jade(session.link, session.pipe, session.around, said).info
    assert (info.model, info.firmware) == ("Jade", "1.0.40")
    assert (info.locked, info.state) == (True, "it has no seed yet")
    with pytest.raises(Locked) as told:
        session.signer.xpub((), TESTNET)
    assert "recovery phrase" in told.value.hint
    assert session.ends()


def test_a_session_on_a_debug_build(bus):
    """A build that takes a seed from here answers auth_user at once, on both kinds of networks."""
    session = Session(bus, "02-auth", 100004)
    assert session.ask("debug_set_mnemonic", session.sent(0)) is True
    assert session.ask("get_version_info")["JADE_STATE"] == "READY"
    for network in ("testnet", "mainnet"):
        assert session.ask("auth_user", {"network": network, "epoch": 1_700_000_000}) is True
    assert session.ends()


def test_the_pin_server(bus):
    """What a PIN needs: a server. The driver takes its request for no yes, and says what to do."""
    session = Session(bus, "02b-auth-with-pin-server", 100001)
    signer = session.signer
    session.ask("debug_set_mnemonic", session.sent(0))
    session.ask("get_version_info")
    session.ask("update_pinserver", session.sent(2))
    for number in (3, 9):
        said = session.ask("auth_user", session.sent(number))
        assert said["http_request"]["on-reply"] == "pin"
        assert session.ask("pin", session.sent(number + 1)) is True
        session.ask("get_version_info")
        if number == 3:
            assert session.ask("logout") is True
            locked = session.ask("get_version_info")
            info = jade.Jade(session.link, session.pipe, session.around, locked).info
            assert info.locked
            assert "PIN needs a server" in info.state
            with pytest.raises(Locked):
                signer.xpub((), TESTNET)
    assert signer.xpub((), TESTNET).startswith("tpubD6NzVbkrYhZ4Y6YYL")
    assert session.ends()


def test_extended_keys(bus):
    """The keys at m and at the vault's path are the recorded ones."""
    session = Session(bus, "03-xpub", 100008)
    assert session.signer.xpub((), TESTNET).startswith("tpubD6NzVbkrYhZ4Y6YYL")
    assert session.signer.xpub(ACCOUNT, TESTNET) == case("jade")["keys"][0]["tpub"]
    assert session.ends()


def test_registration(bus, vault, kept):
    """Its name is free; it is taken; then it is there, key by key."""
    session = Session(bus, "04-register-multisig", 100010)
    assert session.signer.register(vault) == kept
    assert session.ends()


def test_address(bus, vault, kept):
    """The device says the address that the station derives."""
    session = Session(bus, "05-show-address", 100014)
    script = script_facts(recorded_vault("jade"), 0, 0)
    assert session.signer.show_address(vault, script, kept) == script.address
    assert session.ends()


def test_signing_with_proof_and_the_final_transaction(bus, kept):
    """The nonce is bound to ours; the signature verifies; Core takes the transaction."""
    entropy = "ca1dd90a8e521bf11a0903ed74d933ec3b08b96414dd4a57b62c092bfc99f2ff"
    session = Session(bus, "07b-sign-tx-anti-exfil", 100200, bytes.fromhex(entropy))
    task = recorded_task("jade", kept)
    answer = session.signer.sign(task)
    assert session.ends()
    (signature,) = accept(task, answer, session.around.memory).values()
    assert settled("jade", signature)
    session.signer.cancel()  # nothing is asked any more: nothing is sent


def test_a_nonce_that_is_not_bound_to_ours(bus, kept):
    """Had we chosen other bytes, the recorded signature would be a lie."""
    point = bytes.fromhex("03950d76b01ad967c20fa77f729a738e6b05a55bd9c52c51363241e2f7ed263bcc")
    entropy = bytes.fromhex("ca1dd90a8e521bf11a0903ed74d933ec3b08b96414dd4a57b62c092bfc99f2ff")
    said = Recording.load("jade-07b-sign-tx-anti-exfil").lines[-1]["frame"]
    compact = jade.curve.compact_of(decode(bytes.fromhex(said))[0]["result"][:-1])
    assert anti_klepto.proven(point, entropy, compact)
    assert not anti_klepto.proven(point, entropy[::-1], compact)
    assert not anti_klepto.proven(b"\2" + point[1:], entropy, compact)
    assert not anti_klepto.proven(point[:-1], entropy, compact)
    assert not anti_klepto.proven(point, entropy, compact[:-1])
    assert not anti_klepto.proven(point, entropy, jade.curve.compact_of(b"no DER"))


def test_signing_without_proof(bus, kept):
    """The older exchange of the recording gives the signature of the PSBT."""
    session = Session(bus, "07-sign-tx", 100100)
    assert session.ask("sign_tx", session.sent(0)) is True
    signature = session.ask("tx_input", session.sent(1))
    assert signature.hex() == case("jade")["device_signatures"][0]["signature"]
    assert session.ends()


def test_signing_a_psbt_and_the_final_transaction(bus, kept):
    """The station's own PSBT is the recorded one; the answer verifies; Core takes the result."""
    session = Session(bus, "06-sign-psbt", 100015)
    task = recorded_task("jade", kept)
    said = case("jade")
    assert task.psbt == base64.b64decode(said["psbt_before"])
    answer = session.signer._sign_psbt(task)
    assert answer.raw == base64.b64decode(said["psbt_after"])
    assert session.ends()
    (signature,) = accept(task, answer, session.around.memory).values()
    assert settled("jade", signature).to_bytes().hex() == said["final_tx_with_cosigner_alpha"]


def test_an_answer_in_pieces(bus, kept):
    """Eight inputs come back in two pieces; each signature verifies over our own digest."""
    session = Session(bus, "06b-sign-psbt-in-pieces", 100016)
    before = base64.b64decode(session.recording.header["psbt_before"])
    task = replace(recorded_task("jade", kept), psbt=before)
    back = Psbt.parse(session.signer._sign_psbt(task).raw)
    assert session.ends()
    digests = Bip143(back.tx)
    assert len(back.inputs) == 8
    for at, one in enumerate(back.inputs):
        (said,) = one.partial_sigs
        digest = digests.digest(at, one.witness_script, one.witness_utxo.amount)
        assert secp.verify_ecdsa(digest, said.signature[:-1], said.pubkey)


def test_wrong_things(bus, vault, kept):
    """What the firmware says to nonsense, and that the driver tells it in the firmware's words."""
    session = Session(bus, "08-errors", 100218)
    signer = session.signer

    def says(number, method):
        with pytest.raises(Rejected) as told:
            session.ask(method, session.sent(number))
        return told.value.found

    assert says(0, "no_such_thing") == "Unknown method (-32601)"
    assert "valid network" in says(1, "get_xpub")
    assert signer.xpub(ACCOUNT, MAINNET).startswith("xpub6DZ6cy2oaso4F")
    assert "valid network" in says(3, "get_xpub")
    script = script_facts(recorded_vault("jade"), 0, 0)
    with pytest.raises(Rejected) as told:
        signer.show_address(vault, script, replace(kept, name="nope"))
    assert "Cannot find named multisig" in told.value.found
    for number, words in ((5, "Failed to validate co-signers"), (6, "invalid multisig name")):
        assert words in says(number, "register_multisig")
    with pytest.raises(Rejected) as told:
        signer._sign_psbt(replace(recorded_task("jade"), psbt=b"this is no psbt"))
    assert "Failed to extract psbt" in told.value.found
    unsigned = session.sent(8)["psbt"]
    answer = signer._sign_psbt(replace(recorded_task("jade"), psbt=unsigned))
    assert not any(one.partial_sigs for one in Psbt.parse(answer.raw).inputs)
    assert "Unexpected method" in says(9, "get_extended_data")
    assert "Unexpected method" in says(10, "tx_input")
    session.pipe.write(encode("hi"))
    session.pipe.write(encode({"method": "ping"}))
    for data in ("3", "13"):
        said = session.link.receive(1)
        assert (said.code, said.words) == (-32600, "Invalid RPC Request message"), data
    session.link.last = "100001"
    with pytest.raises(RefusedByUser) as told:
        signer._result("sign_psbt", session.link.receive(1))
    assert told.value.found == "User declined to sign psbt"
    assert session.ends()


class Simulated:
    """A driver on a simulated Jade."""

    def __init__(self, bus, **settings):
        self.device = JadeDevice(bus)
        for name, value in settings.items():
            setattr(self.device, name, value)
        self.device.plugged()
        (at,) = usb.attached(jade.DRIVER.shapes)
        self.officer = Somebody()
        self.around = around(bus, officer=self.officer)
        self.pipe = usb.open_pipe(at)

    def open(self):
        """Ask what it is."""
        return jade.start(self.pipe, self.around)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("chatty", [False, True])
def test_many_inputs_changes_and_cosigners(bus, wrapped, chatty):
    """Every input is signed with proof, no change is a question, logs are passed over."""
    simulated = Simulated(bus, chatty=chatty)
    vault = vault_of("jade", 3, 5, wrapped=wrapped)
    task = withdrawal(vault, coins=4, changes=2)
    signer = simulated.open()
    kept = signer.register(task.vault)
    assert kept.name == "large"
    script = script_facts(vault, 0, 7)
    assert signer.show_address(task.vault, script, kept) == script.address
    task = replace(task, registration=kept)
    assert len(accept(task, signer.sign(task), simulated.around.memory)) == 4
    assert simulated.device.seen == [script.address, 50_000]
    assert not any("secret" in text for text in simulated.officer.told)


def test_a_jade_that_chooses_its_nonces(bus):
    """A signature that verifies, and whose nonce is not bound to ours, is a lie."""
    simulated = Simulated(bus, klepto=True)
    task = withdrawal(vault_of("jade", 2, 3), coins=1, changes=1)
    signer = simulated.open()
    kept = signer.register(task.vault)
    with pytest.raises(Lied, match="nonce"):
        signer.sign(replace(task, registration=kept))


def test_a_jade_that_knows_no_proof(bus):
    """It signs a PSBT, in pieces, only if the officer agrees to go without proof."""
    simulated = Simulated(bus, knows_sign_tx=False, piece=700)
    task = withdrawal(vault_of("jade", 2, 3), coins=3, changes=1)
    signer = simulated.open()
    task = replace(task, registration=signer.register(task.vault))
    answer = signer.sign(task)
    assert len(accept(task, answer, simulated.around.memory)) == 3
    assert any("hide nothing" in text for text in simulated.officer.told)
    simulated.officer.says = False
    with pytest.raises(RefusedByUser, match="did not agree"):
        signer.sign(task)


def test_two_vaults_of_one_name(bus):
    """A name that is taken is not overwritten: the second vault gets one of its own."""
    simulated = Simulated(bus)
    one, two = (vault_facts(vault_of("jade", m, 3)) for m in (2, 3))
    signer = simulated.open()
    assert signer.registered(one, None) is None
    first, second = signer.register(one), signer.register(two)
    assert (first.name, second.name) == ("large", two.short_name)
    assert signer.registered(one, None) == first  # its token was lost
    assert signer.registered(two, replace(second, name="large")) == second
    named = replace(one, name="a name that is too long, and has spaces")
    assert signer.register(named).name == one.short_name


def test_a_multisig_that_somebody_changed(bus):
    """The same name with another key, another threshold, another script is not the vault."""
    simulated = Simulated(bus)
    vault = vault_facts(vault_of("jade", 2, 3))
    signer = simulated.open()
    kept = signer.register(vault)
    good = simulated.device.known[kept.name]
    other = vault_facts(vault_of("jade", 2, 4)).cosigners[3].xpub
    for wrong in (
        {**good, "threshold": 1},
        {**good, "sorted": False},
        {**good, "variant": "sh(multi(k))"},
        {**good, "signers": good["signers"][:2]},
        {**good, "signers": [*good["signers"][:2], {**good["signers"][2], "xpub": other}]},
        {**good, "signers": [*good["signers"][:2], {**good["signers"][2], "path": [7]}]},
    ):
        simulated.device.known[kept.name] = wrong
        assert signer.registered(vault, kept) is None
    simulated.device.known[kept.name] = {**good, "signers": good["signers"][::-1]}
    assert signer.registered(vault, kept) == kept


@pytest.mark.parametrize(
    ("networks", "says", "chain"),
    [("ALL", False, TESTNET), ("ALL", True, MAINNET), ("TEST", True, TESTNET)],
)
def test_a_temporary_wallet(bus, networks, says, chain):
    """Unlocked by its recovery phrase, it is bound to us; only an unbound one asks for what."""
    simulated = Simulated(bus, state="TEMP", networks=networks)
    simulated.officer.says = says
    signer = simulated.open()
    assert not signer.info.locked
    assert signer.fingerprint() == simulated.device.fingerprint
    assert bool(simulated.officer.told) == (networks == "ALL")
    assert signer.xpub(ACCOUNT, chain)
    other = TESTNET if chain == MAINNET else MAINNET
    with pytest.raises(WrongNetwork):
        signer.xpub(ACCOUNT, other)


@pytest.mark.parametrize("state", ["LOCKED", "UNINIT", "UNSAVED"])
def test_a_jade_that_is_locked(bus, state):
    """It is listed; whatever needs a key says how to unlock it without a network."""
    signer = Simulated(bus, state=state).open()
    assert signer.info.locked
    with pytest.raises(Locked) as told:
        signer.fingerprint()
    assert "recovery phrase" in told.value.hint
    signer.cancel()  # nothing was asked: nothing is taken back


def test_a_jade_that_says_temporary_and_wants_its_server(bus, monkeypatch):
    """A request for the network is no yes."""
    simulated = Simulated(bus, state="TEMP")
    signer = simulated.open()
    simulated.device.state = "LOCKED"
    with pytest.raises(Locked, match="PIN server"):
        signer.fingerprint()


def test_models_and_firmware(bus):
    """A Jade Plus is told by its board; firmware that keeps no keys of a multisig is too old."""
    assert Simulated(bus, board="JADE_V2").open().info.model == "Jade Plus"
    bus.devices.clear()
    assert Simulated(bus, version="1.0.40-5-gabc").open()
    bus.devices.clear()
    with pytest.raises(FirmwareTooOld):
        Simulated(bus, version="1.0.22").open()


def test_no_registration(bus):
    """Without a name of the vault, nothing is sent."""
    task = withdrawal(vault_of("jade", 2, 3), coins=1, changes=1)
    signer = Simulated(bus).open()
    with pytest.raises(Rejected, match="does not know the vault"):
        signer.sign(task)


class Spoken:
    """A pipe on which a device says this, in pieces, and then nothing more."""

    def __init__(self, *said):
        self._said = list(said)

    def write(self, data):
        """Nobody listens."""

    def read(self, _timeout):
        """Say the next piece."""
        if not self._said:
            raise TimedOut("it has said everything")
        return self._said.pop(0)


YES = encode({"id": "7", "result": True})


@pytest.mark.parametrize(
    "said",
    [
        [YES],
        [bytes((byte,)) for byte in YES],
        [encode({"log": b"x"}), YES],
        [encode({"id": "6", "result": 1}) + YES],
        [encode({"id": "00", "result": 1}), YES],
    ],
    ids=["whole", "bytes", "log", "stale", "no error of nobody"],
)
def test_answers(said):
    """Borders mean nothing; logs and answers to others are passed over."""
    assert Link(Spoken(*said), 7).ask("ping", None, 1).result is True


@pytest.mark.parametrize(
    "said",
    [
        b"\0",  # a number
        b"\x9f",  # an array of indefinite length
        b"\xc0\0",  # a tag
        b"\xf9\0\0",  # a float
        b"\xfc",  # nothing that CBOR has
        b"\x5b" + b"\xff" * 8,  # bytes without an end
        b"\x5a\0\2\0\0",  # bytes that are too many
        b"\x81" * 12,  # too deep
        b"\xa1\1\1",  # a key that is no text
        b"\xa2\x61a\1\x61a\1",  # a key that comes twice
        b"\x61\xff",  # no UTF-8
        encode({"id": "7"}),
        encode({"id": "7", "result": 1, "error": {"code": -1, "message": ""}}),
        encode({"id": 7, "result": 1}),
        encode({"id": "7", "result": 1, "more": 1}),
        encode({"id": "7", "error": {"code": 1, "message": ""}}),
        encode({"id": "7", "error": {"code": -1}}),
        encode({"id": "7", "error": -1}),
        encode({"id": "7", "result": 1, "seqnum": "1"}),
        encode({"id": "7", "result": 1, "seqnum": True}),
        encode({"log": b"x", "more": 1}),
        YES[:-1],
    ],
)
def test_answers_that_are_none(said):
    """Each is told, and half an answer is no silence."""
    with pytest.raises(Garbage):
        Link(Spoken(said), 7).ask("ping", None, 1)


def test_no_flood(monkeypatch):
    """A device that only logs is not listened to for ever; one that is silent has timed out."""
    monkeypatch.setattr(framing, "_SKIPPED", 50)
    with pytest.raises(Garbage, match="no answer"):
        Link(Spoken(*[encode({"log": b"x"})] * 60), 7).ask("ping", None, 1)
    with pytest.raises(TimedOut):
        Link(Spoken(), 7).ask("ping", None, 1)


def test_what_is_written_is_read():
    """Every kind of value at every size of its head."""
    for value in (
        None, True, False, 0, 23, 24, 255, 256, 65_535, 65_536, 1 << 32, -1, -32_603, b"",
        b"x" * 300, "", "é", [], [1, [2]], {}, {"a": {"b": [None]}},
    ):  # fmt: skip
        assert decode(encode(value)) == (value, len(encode(value)))
        assert decode(encode(value)[:-1]) is None
    with pytest.raises(OverflowError):
        encode(1 << 64)
