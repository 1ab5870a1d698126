"""The recovery sheet: its words, its commands, its programs, its codes."""

import json
import re
import shlex
import subprocess
import sys
from hashlib import sha256

import pytest

from signer.build.vault import create_vault
from signer.carry import qr
from signer.ceremony.sheet import account_key, sheet
from signer.ceremony.sheet.language import Language
from signer.core import base58, coins
from signer.core.bip32 import HARDENED, Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.errors import BadInput
from signer.core.vault import VaultSigner
from signer.keys import mnemonic

RPCS = {
    *("createwallet", "importdescriptors", "getbalances", "sendall", "deriveaddresses"),
    *("getdescriptorinfo", "decodepsbt", "walletprocesspsbt", "combinepsbt", "finalizepsbt"),
    *("testmempoolaccept", "sendrawtransaction"),
}
"""What the sheet uses; each is a call of Bitcoin Core 29."""


def vault(count=3, threshold=2, network="main", script="p2wsh", accounts=(0,)):
    """A vault of so many keys, whose accounts take turns."""
    place = coins.network("BTC", network)
    keys, signers = [], []
    for number in range(count):
        root = ExtendedPrivateKey.from_seed(sha256(f"sheet {number}".encode()).digest())
        path = bip48_path(place, script, accounts[number % len(accounts)])
        keys.append(VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public()))
        signers.append(VaultSigner(f"officer{number}", root.fingerprint, "enforcing"))
    return create_vault(
        name="treasury",
        coin="BTC",
        network=network,
        script_type=script,
        threshold=threshold,
        keys=keys,
        signers=signers,
        birth_height=0,
    )


def commands(page):
    """Every command on a page, as a shell reads it."""
    for block in re.findall(r'<pre class="command">(.*?)</pre>', page, re.DOTALL):
        text = block.replace("&#39;", "'").replace("&#34;", '"').replace("&quot;", '"')
        yield from (shlex.split(line) for line in text.splitlines())


def test_the_languages_have_the_same_places():
    """Nothing is said in one language only, and each fills in the same numbers."""
    english, japanese = sheet.texts(Language.EN), sheet.texts(Language.JA)
    assert english.keys() == japanese.keys()
    for place, text in english.items():
        holes = set(re.findall(r"\{\w+\}", text))
        assert holes == set(re.findall(r"\{\w+\}", japanese[place])), place


@pytest.mark.parametrize("network", ["main", "test", "signet", "regtest"])
def test_commands_are_calls_of_bitcoin_core_on_the_vault_s_chain(network):
    """A shell reads each; what is JSON is JSON; none takes a secret from the online computer."""
    page = sheet.render(vault(network=network), Language.EN).decode()
    seen = set()
    for program, chain, *rest in commands(page):
        assert program in ("bitcoin-cli", "bitcoind")
        assert chain == f"-chain={network}"
        if program == "bitcoind":
            assert "-networkactive=0" in rest
            continue
        name, *arguments = [word for word in rest if not word.startswith("-")]
        seen.add(name)
        for word in arguments:
            value = word.partition("=")[2] if "=" in word else word
            if value.startswith(("[", "{")):
                json.loads(value)
    assert seen == RPCS


@pytest.mark.parametrize("words", [12, 24])
@pytest.mark.parametrize("network", ["main", "regtest"])
@pytest.mark.parametrize("account", [0, 7])
def test_the_printed_program_makes_the_account_s_key(words, network, account):
    """Python alone comes to the key that we derive, but for the mark of its parent."""
    place = coins.network("BTC", network)
    path = bip48_path(place, "p2wsh", account)
    entropy = sha256(f"{words}{network}{account}".encode()).digest()[: words * 4 // 3]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", account_key.program(place, path)],
        input=f"  {'  '.join(mnemonic.words(entropy)).upper()} \n\n",
        capture_output=True,
        text=True,
        check=True,
    )
    data = base58.decode(done.stdout.split()[-1], what="the key")
    ours = ExtendedPrivateKey.from_seed(mnemonic.seed(entropy)).derive_path(path)
    assert data[:4].hex() == {"main": "0488ade4", "regtest": "04358394"}[network]
    assert data[4:9] == bytes((4,)) + bytes(4)
    assert data[9:13] == (HARDENED + 2).to_bytes(4, "big")
    assert data[13:45] == ours.chain_code
    assert data[45:] == b"\0" + ours.secret


def test_the_printed_program_takes_a_passphrase():
    """BIP39's own vector, the passphrase TREZOR, and one that has to be normalised."""
    place = coins.network("BTC", "main")
    path = bip48_path(place, "p2wsh")
    entropy = bytes(16)
    for said, meant in (("TREZOR", b"TREZOR"), ("caf\u00e9", "cafe\u0301".encode())):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", account_key.program(place, path)],
            input=f"{' '.join(mnemonic.words(entropy))}\n{said}\n".encode(),
            env={"PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"},
            capture_output=True,
            check=True,
        )
        data = base58.decode(done.stdout.decode().split()[-1], what="the key")
        seed = mnemonic.seed(entropy, meant)
        assert data[46:] == ExtendedPrivateKey.from_seed(seed).derive_path(path).secret


def test_accounts_that_differ_have_a_program_each():
    """Officers' names stand beside theirs."""
    page = sheet.render(vault(accounts=(0, 3)), Language.EN).decode()
    assert 'data-officers="officer0 officer2"' in page
    assert 'data-officers="officer1"' in page
    assert "(48, 0, 3, 2)" in page


@pytest.mark.parametrize("script", ["p2wsh", "p2sh-p2wsh"])
def test_the_largest_vault_has_a_sheet(script):
    """Fifteen keys still fit into one code."""
    page = sheet.render(vault(15, 8, script=script), Language.JA).decode()
    assert page.count("<td>officer") == 30
    assert "15鍵中の任意の8鍵" in page


def test_a_text_too_long_for_a_code_is_an_error():
    """Not a traceback."""
    with pytest.raises(BadInput, match="not a text for one code"):
        qr.draw_text("x" * 2400)


def test_names_are_escaped_on_the_page():
    """Whatever a name may hold, it stays text: the template escapes all that it is given."""
    found = re.findall(r"\{\{[^}]*\|\s*safe", (sheet._HERE / "sheet.html").read_text())
    assert found == []
