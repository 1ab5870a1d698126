"""Every format: what is written is read again, by us and by libraries of other makers."""

import json

import pytest
from known_vaults import bdk_addresses, our_addresses, read, vault, wally_addresses

from policies.envelope import Envelope
from signer.carry import crypto_output
from signer.carry.wallets import core, formats
from signer.carry.wallets.content import Content
from signer.carry.wallets.formats import FORMATS
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import plain_name
from signer.cli import carried
from signer.core import coins
from signer.core.errors import BadInput
from signer.core.vault import Vault

VAULTS = {
    "2 of 3": {},
    "1 of 1, nested, testnet": {"m": 1, "n": 1, "script_type": "p2sh-p2wsh", "net": "test"},
    "15 of 15, signet": {"m": 15, "n": 15, "net": "signet"},
    "accounts apart, regtest": {"net": "regtest", "places": (0, 7, 2**31 - 1)},
    "3 of 5, nested": {"m": 3, "n": 5, "script_type": "p2sh-p2wsh"},
    "2 of 3, P2SH": {"script_type": "p2sh"},
    "15 of 15, P2SH, testnet": {"m": 15, "n": 15, "script_type": "p2sh", "net": "test"},
}
BITCOIN = {name: entry for name, entry in FORMATS.items() if "BTC" in entry.kinds}
OTHERS = [
    (coin, script_type, scheme, net)
    for coin in ("BCH", "MONA")
    for net in ("main", "regtest")
    for script_type in coins.network(coin, net).script_types
    for scheme in coins.coin(coin).schemes
]
SAYS_BIRTH = {"specter"}
SAYS_NAME = {"bip388", "coldcard", "specter", "caravan"}
SAYS_OFFICERS = {"specter", "caravan", "electrum"}


@pytest.mark.parametrize("kind", VAULTS)
@pytest.mark.parametrize("name", BITCOIN)
def test_what_is_written_is_read_again(name, kind):
    """The same script, threshold, keys and origins; and nothing of holders that is not so."""
    of = vault(**VAULTS[kind])
    if of.script_type not in FORMATS[name].kinds["BTC"]:
        with pytest.raises(BadInput, match="no program reads BTC p2sh vaults") as caught:
            FORMATS[name].written(of)
        assert "electrum" in caught.value.hint
        assert name not in caught.value.hint
        return
    written = FORMATS[name].written(of).encode()
    wallet = read(written, of.network)
    assert wallet.form == of.form
    assert wallet.birth_height == (of.birth_height if name in SAYS_BIRTH else None)
    assert wallet.name == (of.name if name in SAYS_NAME else "")
    told = [holder.name for holder in wallet.holders]
    assert told == [s.officer if name in SAYS_OFFICERS else "" for s in of.signers]
    assert all(h.device in ("", s.type) for h, s in zip(wallet.holders, of.signers, strict=True))
    assert "enforcing" not in {holder.device for holder in wallet.holders}


@pytest.mark.parametrize("name", BITCOIN)
def test_a_file_is_told_by_its_content(name):
    """Without --format the same reader is found."""
    written = FORMATS[name].write(vault()).encode()
    assert formats.told_apart(Content.of(written)).read is FORMATS[name].read


@pytest.mark.parametrize("kind", VAULTS)
def test_bdk_derives_our_addresses_from_what_we_write(kind):
    """The descriptors inside the files of Core, Sparrow and Specter, taken out by plain means."""
    of = vault(**VAULTS[kind])
    entries = json.loads(FORMATS["core"].write(of))
    (multipath,) = json.loads(FORMATS["core-multipath"].write(of))
    sparrow = [line for line in FORMATS["sparrow"].write(of).split("\n") if line and line[0] != "#"]
    assert [entry["desc"] for entry in entries] == sparrow[1:]
    assert multipath["desc"] == sparrow[0] == FORMATS["descriptor"].write(of).strip()
    if of.script_type != "p2sh":
        assert json.loads(FORMATS["specter"].write(of))["descriptor"] == sparrow[1]
    assert bdk_addresses(multipath["desc"], of.network) == our_addresses(of)
    record = FORMATS["nunchuk"].write(of).split("\n")
    assert record[0] == "BSMS 1.0"
    assert record[2] == "/0/*,/1/*"
    assert record[3] == our_addresses(of)[0]
    theirs = bdk_addresses(record[1].replace("/**", "/<0;1>/*"), of.network)
    assert theirs == our_addresses(of)


@pytest.mark.parametrize("kind", VAULTS)
def test_libwally_reads_our_wallet_policy(kind):
    """Jade's own library takes template and keys as they stand, and derives our addresses."""
    of = vault(**VAULTS[kind])
    policy = json.loads(FORMATS["bip388"].write(of))
    found = wally_addresses(policy["descriptor_template"], policy["keys_info"], of.network)
    assert found == our_addresses(of)


def test_core_is_told_a_time_that_is_never_too_late():
    """On main the last halving at or below the birth height; else, and before, all of time."""
    for height, expected in (
        (0, 0),
        (209_999, 0),
        (210_000, 1_354_116_278),
        (629_999, 1_468_082_773),
        (840_000, 1_713_571_767),
        (2_000_000, 1_713_571_767),
    ):
        assert core.timestamp(vault(birth=height)) == expected
        assert core.timestamp(vault(birth=height, net="test")) == 0
    entries = json.loads(FORMATS["core"].write(vault()))
    assert [(e["internal"], e["timestamp"]) for e in entries] == [
        (False, 1_713_571_767),
        (True, 1_713_571_767),
    ]


def test_listdescriptors_is_read_as_well():
    """What a Core wallet answers: with its name, in any order, one branch each."""
    of = vault()
    entries = json.loads(FORMATS["core"].write(of))
    for entry in entries:
        entry |= {"next": 0, "next_index": 0}
    answer = {"wallet_name": "watch", "descriptors": entries[::-1]}
    wallet = read(json.dumps(answer).encode())
    assert (wallet.form, wallet.name) == (of.form, "watch")


def test_a_coldcard_takes_twenty_characters():
    """A longer name is cut: it decides nothing. Accounts apart have a path above each key."""
    text = FORMATS["coldcard"].write(vault(places=(0, 0, 1)))
    assert text.count("Derivation: m/48'/0'/0'/2'") == 1
    assert text.count("Derivation: m/48'/0'/1'/2'") == 1
    for line in text.splitlines():
        if line.startswith("Name:"):
            assert len(line) <= len("Name: ") + 20


def test_nunchuks_later_records_are_taken_for_what_their_address_says():
    """`/*` without restrictions, but the first address at 0/0: as libnunchuk writes since 2023."""
    of = vault()
    head, text, _, address, _ = FORMATS["nunchuk"].write(of).split("\n")
    later = "\n".join((head, text.replace("/**", "/*"), "No path restrictions", address))
    assert read(later.encode()).form == of.form
    other = later.replace(address, of.address(0, 1))
    with pytest.raises(BadInput, match="first address is not the wallet's"):
        read(other.encode())


def test_a_descriptor_may_come_as_one_line_a_branch():
    """Either order, with remarks; the two together say what one multipath line says."""
    of = vault()
    lines = [of.form.branch_text(branch) for branch in (1, 0)]
    assert read("\n# change first\n".join(lines).encode()).form == of.form


def test_a_descriptor_from_a_code_is_read():
    """What `qr scan` makes of a `crypto-output` is a descriptor file."""
    of = vault(m=3, n=5, script_type="p2sh-p2wsh")
    text = crypto_output.descriptor_text(crypto_output.encode(of.form))
    assert read(f"{text}\n".encode()).form == of.form


@pytest.mark.parametrize(
    ("name", "word"),
    [("specter", '"other"'), ("caravan", '"text"'), ("electrum", '"bip32"')],
)
def test_no_file_makes_a_signer_enforcing(name, word):
    """A thief writes it where a file names devices: it is not taken for one."""
    written = FORMATS[name].write(vault())
    lying = written.replace(word, '"enforcing"')
    if name == "electrum":
        lying = written.replace('"type": "bip32"', '"type": "hardware", "hw_type": "enforcing"')
    assert lying != written
    assert "enforcing" not in {holder.device for holder in read(lying.encode()).holders}


def test_foreign_names_become_ours_or_nothing():
    """Letters, digits and . _ - stay; the rest becomes a hyphen; never more than 32."""
    assert plain_name("My Wallet (2 of 3)") == "my-wallet-2-of-3"
    assert plain_name("\u202eevil\x1b[2J") == "evil-2j"
    assert plain_name("---") == plain_name("") == plain_name("\u65e5\u672c") == ""
    assert plain_name("a" * 31 + "--b") == "a" * 31


def of_other(coin, script_type, scheme, net):
    """A vault of another coin, with the same seeds."""
    of = vault(coin=coin, script_type=script_type, net=net)
    if scheme == "ecdsa":
        return of
    return Vault.parse(of.payload.replace(b'"signers"', b'"signatures":"schnorr","signers"'))


@pytest.mark.parametrize(("coin", "script_type", "scheme", "net"), OTHERS)
@pytest.mark.parametrize("name", FORMATS)
def test_other_coins_go_where_they_are_known(name, coin, script_type, scheme, net):
    """Each format writes the coins that its programs know; the others are refused with a reason."""
    of, entry = of_other(coin, script_type, scheme, net), FORMATS[name]
    if script_type not in entry.kinds.get(coin, ()):
        with pytest.raises(BadInput, match=f"no program reads {coin} {script_type}") as caught:
            entry.written(of)
        assert caught.value.found == f"{coin} {script_type}"
        assert "descriptor" in caught.value.hint
        return
    written = entry.written(of).encode()
    if name == "electron-cash":
        with pytest.raises(BadInput, match="a key without its origin"):
            read(written, net, name, coin)
        table = json.loads(written)
        assert [table[f"x{at}/"]["xpub"] for at in (1, 2, 3)] == [
            key.xpub.to_text(of.form.network.xpub) for key in of.keys
        ]
        return
    assert read(written, net, coin=coin).form == of.form


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_for_bitcoin_is_not_read_as_another_coins(name):
    """The officer says the coin; a format that is not for it is refused before it is read."""
    for coin in ("BCH", "MONA"):
        if coin in FORMATS[name].kinds:
            FORMATS[name].expect(Asked(coin))
            continue
        with pytest.raises(BadInput, match=f"not for {coin}") as caught:
            FORMATS[name].expect(Asked(coin))
        assert "descriptor" in caught.value.hint


@pytest.mark.parametrize("coin", ["BCH", "MONA"])
def test_a_descriptor_of_one_coin_is_none_of_another(coin):
    """On main the paths tell: a Bitcoin file taken for another coin makes no vault."""
    bitcoin = FORMATS["descriptor"].write(vault(script_type="p2sh")).encode()
    with pytest.raises(BadInput, match="for another kind of vault"):
        read(bitcoin, coin=coin)
    other = FORMATS["descriptor"].write(vault(script_type="p2sh", coin=coin)).encode()
    with pytest.raises(BadInput, match="for another kind of vault"):
        read(other)


def test_codes_are_for_bitcoin_and_say_p2sh(tmp_path):
    """`crypto-output`: P2SH comes back as P2SH; another coin's vault or key is not shown as one."""
    of = vault(script_type="p2sh")
    assert crypto_output.descriptor_text(crypto_output.encode(of.form)) == of.descriptor
    for coin in ("BCH", "MONA"):
        document = Envelope.wrap("vault", vault(script_type="p2sh", coin=coin).payload)
        path = tmp_path / f"{coin}.json"
        path.write_bytes(document.to_bytes())
        with pytest.raises(BadInput, match="are for BTC here"):
            carried.load(path, "crypto-output")
