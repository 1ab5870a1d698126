"""Files that other makers' programs wrote, or that stand in their own tests and documentation."""

import json

import pytest
from known_vaults import FILES, bdk_addresses, our_addresses, read, vault, wally_addresses

from signer.carry.wallets import formats
from signer.carry.wallets.content import Content
from signer.carry.wallets.wallet import first_address
from signer.core.errors import BadInput

COLDCARDS = ("0F056943", "6BA6CFD0", "747B698E", "7BB026BE")

# file -> format, network, script, m of n, and the holders that it tells of
GOOD = {
    "bip388-ledger.json": ("bip388", "test", "p2wsh", "2 of 2", ()),
    "bip388-vector.json": ("bip388", "main", "p2wsh", "2 of 2", ()),
    "bsms-template.txt": ("nunchuk", "main", "p2wsh", "2 of 2", ()),
    "caravan-three-vendors.json": (
        *("caravan", "main", "p2wsh", "2 of 3"),
        (("Mercury", "trezor"), ("Venus", "ledger"), ("Earth", "coldcard")),
    ),
    "coldcard-p2sh-p2wsh.txt": ("coldcard", "test", "p2sh-p2wsh", "2 of 4", ()),
    "coldcard-p2wsh.txt": ("coldcard", "test", "p2wsh", "2 of 4", ()),
    "coldcard-reversed-name.txt": ("coldcard", "test", "p2sh-p2wsh", "2 of 4", ()),
    "electrum-p2sh-p2wsh.json": (
        *("electrum", "test", "p2sh-p2wsh", "2 of 4"),
        tuple(
            (f"Coldcard {x}", "coldcard") for x in ["0F056943", "6BA6CFD0", "747B698E", "7BB026BE"]
        ),
    ),
    "electrum-saved-by-4.3.4.json": (
        *("electrum", "main", "p2wsh", "2 of 3"),
        (("officer-0", ""), ("officer-1", ""), ("officer-2", "")),
    ),
    "specter-as-coldcard.txt": ("coldcard", "test", "p2wsh", "1 of 2", ()),
    "specter-with-devices.json": (
        *("specter", "test", "p2wsh", "1 of 2"),
        (("ability", "specter-diy"), ("hox", "coldcard")),
    ),
}

# file -> why it is no vault
REFUSED = {
    "refused-bsms-fixed-paths.txt": "another derivation than a vault's",
    "refused-caravan-missing-key.json": "a list of 3 keys",
    "refused-caravan-unknown-paths.json": "a key without its origin",
    "refused-coldcard-other-path.txt": "not at the end of its path",
    "refused-coldcard-test-path-main-keys.txt": "for another kind of vault",
    "refused-descriptor-one-branch.txt": "one branch only",
    "refused-electrum-p2sh.json": "for another kind of vault",
    "refused-electrum-same-key-twice.json": "the same key twice",
    "refused-sparrow-one-signature.txt": "a wallet of one signature",
    "refused-specter-unsorted.json": "keys in a fixed order",
}


def raw(name):
    """A kept file."""
    return (FILES / name).read_bytes()


def test_every_kept_file_is_in_a_table():
    """No example lies about unused."""
    found = {path.name for path in FILES.glob("*.*") if not path.name.startswith("key-")}
    assert found == {*GOOD, *REFUSED}


@pytest.mark.parametrize("name", GOOD)
def test_an_example_is_understood(name):
    """Format, network, script, quorum and holders; the addresses are those that BDK derives."""
    form, net, script, quorum, holders = GOOD[name]
    assert formats.told_apart(Content.of(raw(name))).name == form
    wallet = read(raw(name), None if net == "main" else net)
    assert wallet.form.network.name == net
    assert wallet.form.script_type == script
    assert f"{wallet.form.threshold} of {len(wallet.form.keys)}" == quorum
    told = tuple((h.name, h.device) for h in wallet.holders if h.name or h.device)
    assert told == holders
    assert [h.fingerprint for h in wallet.holders] == [
        key.origin.fingerprint for key in wallet.form.keys
    ]
    assert first_address(wallet.form) == bdk_addresses(wallet.form.text, net)[0]


@pytest.mark.parametrize("name", REFUSED)
def test_an_example_that_is_no_vault_is_refused(name):
    """Other makers' files that no vault can be exactly: each with its own reason."""
    for_test = b"Vpub" in raw(name) or name == "refused-electrum-p2sh.json"
    with pytest.raises(BadInput, match=REFUSED[name]) as caught:
        read(raw(name), "test" if for_test else None)
    assert caught.value.hint or caught.value.expected


@pytest.mark.parametrize("name", [n for n, entry in GOOD.items() if entry[1] == "test"])
def test_a_file_for_a_test_network_does_not_say_which(name):
    """Addresses of signet and testnet look alike: the officer has to say, nobody guesses."""
    with pytest.raises(BadInput, match="does not say which test network"):
        read(raw(name))
    with pytest.raises(BadInput, match="for another network"):
        read(raw(name), "main")


@pytest.mark.parametrize(
    "names",
    [
        ("coldcard-p2sh-p2wsh.txt", "coldcard-reversed-name.txt", "electrum-p2sh-p2wsh.json"),
        ("specter-with-devices.json", "specter-as-coldcard.txt"),
    ],
)
def test_two_makers_files_of_one_wallet_are_one_wallet(names):
    """Coldcard, Electrum and Specter wrote the same wallet down; we read the same from each."""
    forms = [read(raw(name), "test").form for name in names]
    assert all(form == forms[0] for form in forms)


def test_the_bip388_vector():
    """The BIP's own vector: its descriptor, and the addresses that libwally makes of the policy."""
    policy = json.loads(raw("bip388-vector.json"))
    form = read(raw("bip388-vector.json")).form
    stated = FILES.with_name("bip388-vector.descriptor").read_text().strip()
    assert form.text.partition("#")[0] == stated.replace("'", "h")
    found = wally_addresses(policy["descriptor_template"], policy["keys_info"], "main")
    assert found == bdk_addresses(form.text, "main")


def test_electrum_has_opened_what_we_wrote():
    """Electrum 4.3.4 opened our file, derived these addresses, and saved the wallet again.

    It kept every origin, which it would have dropped from a file of the version that others write.
    """
    of = vault(2, 3)
    saved = json.loads(raw("electrum-saved-by-4.3.4.json"))
    assert saved["addresses"]["receiving"][:3] + saved["addresses"]["change"][:3] == (
        our_addresses(of)
    )
    assert read(raw("electrum-saved-by-4.3.4.json")).form == of.form
    assert saved["seed_version"] > json.loads(formats.named("electrum").write(of))["seed_version"]
