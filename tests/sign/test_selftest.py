"""The self-test passes here, quickly, and fails when any known answer or defence is off."""

import io
import subprocess
import sys
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature

from signer.core import known_answers as coins
from signer.core import schnorr, secp, sighash
from signer.core.errors import BadInput, Fault, SelfTestFailed
from signer.keys import known_answers
from signer.keys.hardening import SocketForbidden
from signer.sign import selftest, softkey

FLIPPED = [
    ("BIP32", "BIP32_XPUB"),
    ("BIP32", "BIP32_SEED"),
    ("BIP32", "BIP32_PATH"),
    ("BIP143", "BIP143_TX"),
    ("BIP143", "BIP143_SCRIPT"),
    ("BIP143", "BIP143_DIGEST"),
    ("RFC 6979", "RFC6979_KEY"),
    ("RFC 6979", "RFC6979_DER"),
    ("P2SH digest", "LEGACY_TX"),
    ("P2SH digest", "LEGACY_SCRIPT"),
    ("P2SH digest", "LEGACY_DER"),
    ("BCH digest", "FORKID_TX"),
    ("BCH digest", "FORKID_SCRIPT"),
    ("BCH digest", "FORKID_DIGEST"),
    ("BCH Schnorr", "SCHNORR_KEY"),
    ("BCH Schnorr", "SCHNORR_DIGEST"),
    ("BCH Schnorr", "SCHNORR_SIGNATURE"),
    ("Ed25519", "ED25519_KEY"),
    ("Ed25519", "ED25519_SIGNATURE"),
    ("Argon2id", "ARGON2ID_TAG"),
    ("dice to words", "DICE_WORDS"),
]


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own: an audit hook cannot be taken away again."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


def test_it_passes_in_a_hardened_process():
    """Every check is made, and passes."""
    result = python(
        "from signer.keys.hardening import harden\n"
        "from signer.sign.selftest import run\n"
        "harden()\n"
        "checks = run()\n"
        "print(*[check.name for check in checks], sep='|')\n"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "libsecp256k1|BIP32|BIP143|RFC 6979|P2SH digest|BCH digest|BCH Schnorr|Ed25519|Argon2id|"
        "dice to words|no socket\n"
    )


def test_without_keys_what_reading_needs_is_checked_and_no_key_is_loaded():
    """A process that only reads tries reading and verifying, and loads nothing that opens a key."""
    result = python(
        "import sys\n"
        "from signer.keys.hardening import harden\n"
        "from signer.sign.selftest import run\n"
        "harden()\n"
        "checks = run(keyless=True)\n"
        "print(*[check.name for check in checks], sep='|')\n"
        "print({'signer.sign.softkey', 'signer.keys.entropy', 'embit'} & set(sys.modules))\n"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "libsecp256k1|BIP32|BIP143|RFC 6979|P2SH digest|BCH digest|BCH Schnorr|Ed25519|no socket\n"
        "set()\n"
    )


def test_without_keys_the_second_engine_is_not_tried(monkeypatch):
    """It only signs. Where keys are used, the same fault stops the program."""

    def broken(*_):
        raise OSError

    monkeypatch.setattr(softkey, "second_engine", broken)
    monkeypatch.setattr(selftest, "_no_socket", lambda: "not tried in this test")
    assert len(selftest.run(keyless=True)) == 9
    with pytest.raises(SelfTestFailed, match="RFC 6979"):
        selftest.run()


@pytest.mark.parametrize("always", [True, False])
def test_without_keys_verifying_is_checked_as_well(monkeypatch, always):
    """What `inspect` says of signatures rests on it: one that says yes or no to all is found."""
    monkeypatch.setattr(secp, "verify_ecdsa", lambda *_: always)
    with pytest.raises(SelfTestFailed, match="RFC 6979"):
        selftest.run(keyless=True)


@pytest.mark.parametrize("program", ["coldsign", "coldquorum"])
def test_without_libsecp256k1_no_program_starts(program):
    """No other curve is fallen back to; the error is told like every other."""
    result = python(
        "import sys\n"
        "sys.modules['btclib_secp256k1'] = None\n"
        f"sys.argv = ['{program}', 'inspect', 'any.psbt']\n"
        f"from signer.cli.{program} import main\n"
        "main()\n"
    )
    assert result.returncode == 1
    assert "error: libsecp256k1 cannot be loaded" in result.stderr
    assert "Traceback" not in result.stderr


def test_it_fails_where_a_socket_can_be_opened():
    """Without the audit hook the last check fails: the attempt is a real one."""
    result = python(
        "from signer.sign.selftest import run\n"
        "from signer.core.errors import SelfTestFailed\n"
        "try:\n    run()\nexcept SelfTestFailed as error:\n    print(error.what)\n"
    )
    assert result.stdout == "self-test failed: no socket\n", result.stderr


@pytest.mark.parametrize(("check", "vector"), FLIPPED, ids=[vector for _, vector in FLIPPED])
def test_it_fails_when_a_vector_is_altered(monkeypatch, check, vector):
    """One character of any vector changes the verdict, and the failure names the check."""
    home = next(m for m in (selftest, coins, known_answers) if hasattr(m, vector))
    known = getattr(home, vector)
    last = "4" if known[-1] != "4" else "5"
    monkeypatch.setattr(home, vector, known[:-1] + last)
    with pytest.raises(SelfTestFailed, match=f"self-test failed: {check}$"):
        selftest.run()


@pytest.mark.parametrize(
    ("check", "amount"), [("BIP143", "BIP143_AMOUNT"), ("BCH digest", "FORKID_AMOUNT")]
)
def test_it_fails_when_an_amount_is_altered(monkeypatch, check, amount):
    """The amount is part of BIP143's digest, and of Bitcoin Cash's."""
    home = selftest if hasattr(selftest, amount) else coins
    monkeypatch.setattr(home, amount, getattr(home, amount) + 1)
    with pytest.raises(SelfTestFailed, match=check):
        selftest.run()


def test_it_fails_when_the_older_digest_is_another(monkeypatch):
    """One that left the script out would be found at the start, before anything is signed."""
    honest = sighash.Legacy.digest
    monkeypatch.setattr(
        sighash.Legacy, "digest", lambda self, at, _script, *rest: honest(self, at, b"", *rest)
    )
    with pytest.raises(SelfTestFailed, match="P2SH digest"):
        selftest.run()


def test_it_fails_when_the_fork_id_is_left_out(monkeypatch):
    """A signature for another type than Bitcoin Cash's would be good on Bitcoin."""
    plain = SimpleNamespace(sighash=sighash.ALL)
    monkeypatch.setattr(coins, "coin", lambda _: plain)
    with pytest.raises(SelfTestFailed, match="BCH digest"):
        selftest.run()


@pytest.mark.parametrize(
    ("function", "broken"),
    [
        ("sign", lambda *_: bytes(64)),
        ("verify", lambda *_: True),
        ("verify", lambda *_: False),
    ],
    ids=["signs otherwise", "verifies anything", "verifies nothing"],
)
def test_it_fails_when_schnorr_is_broken(monkeypatch, function, broken):
    """Either half: there is no second engine to find it out later."""
    monkeypatch.setattr(schnorr, function, broken)
    with pytest.raises(SelfTestFailed, match="BCH Schnorr"):
        selftest.run()


@pytest.mark.parametrize(("module", "function"), [(secp, "sign_ecdsa"), (softkey, "second_engine")])
def test_it_fails_when_either_engine_signs_otherwise(monkeypatch, module, function):
    """Each signing library is compared with the vector, not only with the other."""
    honest = getattr(module, function)
    monkeypatch.setattr(module, function, lambda digest, secret: honest(digest[::-1], secret))
    with pytest.raises(SelfTestFailed, match="RFC 6979"):
        selftest.run()


def test_it_fails_when_anything_verifies(monkeypatch):
    """A verification that always says yes is found out."""
    monkeypatch.setattr(secp, "verify_ecdsa", lambda *_: True)
    with pytest.raises(SelfTestFailed, match="RFC 6979"):
        selftest.run()


def test_it_fails_when_nothing_verifies(monkeypatch):
    """Nor one that always says no: this machine would refuse its own signatures."""
    monkeypatch.setattr(secp, "verify_ecdsa", lambda *_: False)
    with pytest.raises(SelfTestFailed, match="RFC 6979"):
        selftest.run()


@pytest.mark.parametrize("broken", ["sign", "verify"])
def test_it_fails_when_either_half_of_ed25519_is_broken(monkeypatch, broken):
    """A signature other than the published one, or a verification that rejects it."""

    class Broken:
        """An approval key of a library that is right in one half only."""

        @staticmethod
        def from_private_bytes(_: bytes) -> "Broken":
            return Broken()

        def sign(self, _: bytes) -> bytes:
            return bytes(64) if broken == "sign" else bytes.fromhex(selftest.ED25519_SIGNATURE)

        def public_key(self) -> "Broken":
            return self

        def verify(self, _signature: bytes, _message: bytes) -> None:
            if broken == "verify":
                raise InvalidSignature

    monkeypatch.setattr(selftest, "Ed25519PrivateKey", Broken)
    with pytest.raises(SelfTestFailed, match="Ed25519"):
        selftest.run()


@pytest.mark.parametrize("opens", [True, False])
def test_the_socket_is_really_asked_for(monkeypatch, opens):
    """The last check passes where opening a socket raises, and only there."""
    asked = []

    def socket() -> io.BytesIO:
        asked.append("a socket")
        if not opens:
            raise SocketForbidden("a socket", fault=Fault.MACHINE)
        return io.BytesIO()

    monkeypatch.setattr(selftest, "_socket", SimpleNamespace(socket=socket))
    if opens:
        with pytest.raises(SelfTestFailed, match="no socket"):
            selftest.run()
    else:
        assert selftest.run()[-1].name == "no socket"
    assert asked == ["a socket"]


def test_it_fails_with_another_curve_library(monkeypatch):
    """The binding behind `secp` must be ours: embit's old one, or plain Python, is refused."""
    monkeypatch.setattr(secp, "lib", object())
    with pytest.raises(SelfTestFailed, match="libsecp256k1"):
        selftest.run()


def test_it_fails_with_a_library_that_is_not_compiled(monkeypatch):
    """The right name in the right places, and every function there: but written in Python."""

    class Slow:
        """Stands for a module that replaces the extension."""

        lib = SimpleNamespace(secp256k1_context_set_sha256_compression=None)

    monkeypatch.setitem(sys.modules, "_btclib_secp256k1", Slow)
    monkeypatch.setattr(secp, "lib", Slow.lib)
    with pytest.raises(SelfTestFailed, match="libsecp256k1"):
        selftest.run()


def test_it_fails_with_an_old_library(monkeypatch):
    """A build before libsecp256k1 0.8.0 lacks a function that is asked for."""

    class Old:
        """Stands for the extension module of an old build."""

        lib = type("Lib", (), {"__module__": "_cffi_backend"})()

    monkeypatch.setitem(sys.modules, "_btclib_secp256k1", Old)
    monkeypatch.setattr(secp, "lib", Old.lib)
    with pytest.raises(SelfTestFailed, match="libsecp256k1") as failure:
        selftest.run()
    assert isinstance(failure.value.__cause__, ValueError)


def test_whatever_a_library_raises_is_a_failed_self_test(monkeypatch):
    """An exception that nobody foresaw does not get past: the program must not start."""

    def broken(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(softkey, "second_engine", broken)
    with pytest.raises(SelfTestFailed) as failure:
        selftest.run()
    assert failure.value.found == "MemoryError"


def test_a_problem_of_our_own_is_a_failed_self_test(monkeypatch):
    """An error that this program tells well is told on, in the check's name."""

    def broken(*_: object) -> bytes:
        raise BadInput("the key is not one", fault=Fault.MACHINE)

    monkeypatch.setattr(softkey, "second_engine", broken)
    with pytest.raises(SelfTestFailed, match="RFC 6979") as failure:
        selftest.run()
    assert failure.value.found == "the key is not one"
