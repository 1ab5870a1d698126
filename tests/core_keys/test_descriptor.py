"""Descriptors: BIP380 checksums, BIP383, BIP389 and BIP48, and vaults that must not exist."""

import pytest
from embit.descriptor.checksum import add_checksum
from vault_making import make_key, root_key

from signer.core import base58
from signer.core.bip32 import HARDENED, ExtendedPublicKey, Origin, parse_path
from signer.core.coins import network
from signer.core.descriptor import Descriptor, VaultKey, bip48_path, checksum
from signer.core.errors import BadInput
from signer.core.script import multisig

REGTEST = network("BTC", "regtest")
MAIN = network("BTC", "main")
KEYS = [make_key(n).to_text(REGTEST.xpub) for n in range(1, 17)]


def descriptor(m=2, keys=KEYS[:3], head="wsh(sortedmulti(", foot="))", steps="/<0;1>/*"):
    """Write a descriptor, right or wrong, with a right checksum."""
    body = f"{head}{m},{','.join(f'{key}{steps}' for key in keys)}{foot}"
    return f"{body}#{checksum(body)}"


def test_bip380_checksum():
    """The standard's valid vector; its spoiled ones have another checksum."""
    assert checksum("raw(deadbeef)") == "89f8spxm"
    assert checksum("raw(deedbeef)") != "89f8spxm"
    with pytest.raises(BadInput, match="not a descriptor") as caught:
        checksum("raw(\u00dc)")
    assert caught.value.found == r"'\xdc' as character 5"


def test_checksums_of_bitcoin_core():
    """Checksums that a real bitcoind 28.1 wrote: of one branch, and of both."""
    body = ",".join(key + "/0/*" for key in KEYS[:3])
    assert checksum(f"wsh(sortedmulti(2,{body}))") == "62gqvwhh"
    assert descriptor().endswith("#fq8gmhj6")


@pytest.mark.parametrize("length", range(1, 8))
def test_checksums_agree_with_embit_for_every_group_length(length):
    """The last group has one, two or three characters: all three are right."""
    body = "wsh(xX<;>"[:length]
    assert add_checksum(body) == f"{body}#{checksum(body)}"


@pytest.mark.parametrize("n", [1, 2, 3, 15])
@pytest.mark.parametrize("form", [("wsh(sortedmulti(", "))"), ("sh(wsh(sortedmulti(", ")))")])
def test_both_forms_are_read_and_written(form, n):
    """1-of-1 up to 15-of-15; what is written is what was read."""
    kind = "p2wsh" if form[0].startswith("wsh") else "p2sh-p2wsh"
    keys = [make_key(i, kind).to_text(REGTEST.xpub) for i in range(1, n + 1)]
    for m in {1, n}:
        text = descriptor(m, keys, *form)
        found = Descriptor.parse(text, REGTEST)
        assert (found.script_type, found.threshold, len(found.keys)) == (kind, m, n)
        assert found.text == text


def test_apostrophes_are_read_and_h_is_written():
    """BIP380 allows both marks of hardening; documents hold one form."""
    text = descriptor(keys=[key.replace("h", "'", 4) for key in KEYS[:3]])
    assert "48'/1'/0'/2'" in text
    assert Descriptor.parse(text, REGTEST).text == descriptor()


def test_branches_expand_as_bip389_says():
    """`<0;1>` is the descriptor of receiving, then that of change."""
    found = Descriptor.parse(descriptor(), REGTEST)
    assert found.branch_text(0) == descriptor(steps="/0/*")
    assert found.branch_text(1) == descriptor(steps="/1/*")


def test_bip383_sortedmulti_scripts():
    """The standard's sortedmulti over two extended keys: its first three scripts."""
    # The first key's steps are /*, the second's /0/0/*: derived here by hand.
    first = ExtendedPublicKey.parse(
        "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBG"
        "RjaDMzQLcgJvLJuZZvRcEL",
        MAIN.xpub,
    )
    second = ExtendedPublicKey.parse(
        "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oD"
        "aPPLPxSb7gwQN3ih19Zm4Y",
        MAIN.xpub,
    )
    second = second.derive(0).derive(0)
    scripts = [
        multisig(2, sorted(key.derive(index).key for key in (first, second))).hex()
        for index in range(3)
    ]
    assert scripts == [
        (
            "5221025d5fc65ebb8d44a5274b53bac21ff8307fec2334a32df05553459f8b1f7fe1b62102fbd47cc8034098f0"
            "e6a94c6aeee8528abf0a2153a5d8e46d325b7284c046784652ae"
        ),
        (
            "52210264fd4d1f5dea8ded94c61e9641309349b62f27fbffe807291f664e286bfbe6472103f4ece6dfccfa37b2"
            "11eb3d0af4d0c61dba9ef698622dc17eecdf764beeb005a652ae"
        ),
        (
            "5221022ccabda84c30bad578b13c89eb3b9544ce149787e5b538175b1d1ba259cbb83321024d902e1a2fc7a875"
            "5ab5b694c575fce742c48d9ff192e63df5193e4c7afe1f9c52ae"
        ),
    ]


# BIP48, "Examples": network, account, script, path of the account.
@pytest.mark.parametrize(
    ("net", "account", "script_type", "path"),
    [
        ("main", 0, "p2wsh", "48'/0'/0'/2'"),
        ("main", 1, "p2wsh", "48'/0'/1'/2'"),
        ("main", 0, "p2sh-p2wsh", "48'/0'/0'/1'"),
        ("test", 0, "p2sh-p2wsh", "48'/1'/0'/1'"),
        ("test", 0, "p2wsh", "48'/1'/0'/2'"),
        ("signet", 1, "p2wsh", "48'/1'/1'/2'"),
        ("regtest", 1, "p2wsh", "48'/1'/1'/2'"),
    ],
)
def test_bip48_paths(net, account, script_type, path):
    """Coin type 0 on main, 1 elsewhere; script type 1 nested, 2 native."""
    assert bip48_path(network("BTC", net), script_type, account) == parse_path(path)


TWIN = make_key(1)
OTHER_CHAIN = VaultKey(
    Origin(make_key(2).origin.fingerprint, TWIN.origin.path),
    ExtendedPublicKey(TWIN.xpub.key, bytes(32), 4, bytes(4), TWIN.xpub.number),
).to_text(REGTEST.xpub)
PRIVATE = base58.encode(
    bytes.fromhex("04358394") + bytes(9) + b"\x2a" * 32 + b"\x00" + b"\x2a" * 32
)
LOOSE = root_key(1).derive_path(parse_path("48h/1h/0/2h")).public()
BAD_VAULTS = {
    "m is 0": (descriptor(0), "no such multisig"),
    "m is over n": (descriptor(4), "no such multisig"),
    "m is huge": (descriptor("9" * 500), "no such multisig"),
    "m with a leading zero": (descriptor("02"), "no such multisig"),
    "m is a letter (BIP383)": (descriptor("a"), "no such multisig"),
    "m is negative": (descriptor("-1"), "no such multisig"),
    "m is missing": (descriptor("", KEYS[:2]), "no such multisig"),
    "no keys": (descriptor(1, []), "two branches"),
    "16 keys": (descriptor(2, KEYS), "no such multisig"),
    "the same key twice": (descriptor(2, [*KEYS[:2], KEYS[0]]), "the same key twice"),
    "the same key, another chain code": (descriptor(2, [KEYS[0], OTHER_CHAIN]), "same key twice"),
    "two accounts of one seed": (
        descriptor(2, [KEYS[0], make_key(1, account=1).to_text(REGTEST.xpub)]),
        "two keys of one seed",
    ),
    "xpub of main": (
        descriptor(2, [make_key(n, net="main").to_text(MAIN.xpub) for n in (1, 2)]),
        "another network",
    ),
    "coin type of main, version of regtest": (
        descriptor(2, [make_key(n, net="main").to_text(REGTEST.xpub) for n in (1, 2)]),
        "another kind of vault",
    ),
    "keys of nested vaults": (
        descriptor(2, [make_key(n, "p2sh-p2wsh").to_text(REGTEST.xpub) for n in (1, 2)]),
        "another kind of vault",
    ),
    "an account that is not hardened": (
        descriptor(
            1,
            [
                VaultKey(Origin(TWIN.origin.fingerprint, parse_path("48h/1h/0/2h")), LOOSE).to_text(
                    REGTEST.xpub
                )
            ],
        ),
        "another kind of vault",
    ),
    "a path of other wallets": (
        descriptor(
            1,
            [
                VaultKey(Origin(TWIN.origin.fingerprint, ()), root_key(1).public()).to_text(
                    REGTEST.xpub
                )
            ],
        ),
        "another kind of vault",
    ),
    "no origin": (descriptor(keys=[key.split("]")[1] for key in KEYS[:3]]), "with its origin"),
    "two origins": (descriptor(keys=["[aaaaaaaa]" + key for key in KEYS[:3]]), "with its origin"),
    "a private key": (
        descriptor(keys=[KEYS[0], f"{make_key(2).origin}{PRIVATE}"]),
        "another network",
    ),
    "one branch": (descriptor(steps="/0/*"), "two branches"),
    "no branch": (descriptor(steps="/*"), "two branches"),
    "no wildcard": (descriptor(steps="/<0;1>"), "two branches"),
    "hardened wildcard": (descriptor(steps="/<0;1>/*h"), "two branches"),
    "hardened branches": (descriptor(steps="/<0h;1h>/*"), "two branches"),
    "branches reversed": (descriptor(steps="/<1;0>/*"), "two branches"),
    "three branches (BIP389)": (descriptor(steps="/<0;1;2>/*"), "two branches"),
    "two multipaths (BIP389)": (descriptor(steps="/<0;1>/<0;1>/*"), "with its origin"),
    "a step before the branches": (descriptor(steps="/0/<0;1>/*"), "with its origin"),
    "a hardened step after the key": (descriptor(steps="/0h/<0;1>/*"), "with its origin"),
    "multipath in the origin (BIP389)": (
        descriptor(keys=[KEYS[0].replace("0h/2h", "<0;1>h/2h"), *KEYS[1:3]]),
        "origin",
    ),
    "multi, not sortedmulti": (descriptor(head="wsh(multi("), "not a vault's descriptor"),
    "sh with keys for wsh": (descriptor(head="sh(sortedmulti("), "another kind of vault"),
    "sh32, which BTC has not": (descriptor(head="sh32(sortedmulti("), "not a vault's descriptor"),
    "wsh in wsh": (descriptor(head="wsh(wsh(sortedmulti(", foot=")))"), "not a vault's"),
    "bare": (descriptor(head="sortedmulti(", foot=")"), "not a vault's descriptor"),
    "taproot": (descriptor(head="tr(sortedmulti_a(", foot="))"), "not a vault's descriptor"),
    "one key": (descriptor(1, [], head="wpkh(" + KEYS[0], foot=")"), "not a vault's"),
    "unbalanced": (descriptor(foot=")"), "not a vault's descriptor"),
    "a parenthesis more": (descriptor(foot=")))"), "two branches"),
    "blanks": (descriptor(head="wsh( sortedmulti("), "not a vault's descriptor"),
    "upper case": (descriptor(head="WSH(SORTEDMULTI("), "not a vault's descriptor"),
    "nothing": (f"#{checksum('')}", "not a vault's descriptor"),
}


@pytest.mark.parametrize("name", BAD_VAULTS)
def test_vaults_that_must_not_exist(name):
    """Each is refused with its reason, though its checksum is right."""
    text, why = BAD_VAULTS[name]
    with pytest.raises(BadInput, match=why) as caught:
        Descriptor.parse(text, REGTEST)
    assert PRIVATE[:20] not in f"{caught.value.what}{caught.value.found}"


# BIP380, "Test Vectors": what may be wrong about a checksum.
@pytest.mark.parametrize(
    "text",
    [
        descriptor().split("#")[0],
        descriptor().split("#")[0] + "#",
        descriptor() + "x",
        descriptor()[:-1],
        descriptor().replace("#", "##"),
        descriptor()[:-1] + ("q" if descriptor()[-1] != "q" else "p"),
        descriptor()[:-8] + descriptor()[-8:].upper(),
        descriptor().replace("sortedmulti(2", "sortedmulti(1"),
        descriptor().replace(",[", ", [", 1),
        descriptor() + "\n",
        " " + descriptor(),
        "x" * 10_000_000,
        "",
    ],
)
def test_checksums_that_do_not_fit(text):
    """Missing, empty, too long, too short, changed, or of a changed descriptor."""
    with pytest.raises(BadInput, match="checksum"):
        Descriptor.parse(text, REGTEST)


def test_every_flipped_character_of_a_descriptor_is_noticed():
    """No single substitution yields another vault (a sample of each place)."""
    text = descriptor()
    for at, letter in enumerate(text):
        for other in "0h":
            if other != letter:
                with pytest.raises(BadInput):
                    Descriptor.parse(text[:at] + other + text[at + 1 :], REGTEST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # an account's key under its branch's path
        (str(Origin(TWIN.origin.fingerprint, (*TWIN.origin.path, 0))), "depth 5, last step 0"),
        # under the path of its parent
        (str(Origin(TWIN.origin.fingerprint, TWIN.origin.path[:3])), "depth 3, last step 0h"),
        # under the path of the other script type
        (str(Origin(TWIN.origin.fingerprint, (*TWIN.origin.path[:3], HARDENED + 1))), "step 1h"),
        # as if it were a master key
        (str(Origin(TWIN.origin.fingerprint, ())), "depth 0, last step none"),
    ],
)
def test_a_key_that_is_not_at_the_end_of_its_path(text, expected):
    """Depth and last step of the extended key must be those of the origin: tools get it wrong."""
    with pytest.raises(BadInput, match="not at the end of its path") as caught:
        VaultKey.parse(text + TWIN.xpub.to_text(REGTEST.xpub), REGTEST.xpub)
    assert expected in caught.value.expected
    assert caught.value.found == "depth 4, last step 2h"


def test_a_vault_s_key_is_read_and_written():
    """The form in which `coldsign key xpub` gives it."""
    assert VaultKey.parse(KEYS[0], REGTEST.xpub) == make_key(1)
    for bad in ("", "[", KEYS[0] + "/0", KEYS[0] + "\n", KEYS[0].replace("]", "]]"), "é" * 9):
        with pytest.raises(BadInput, match="not a key with its origin"):
            VaultKey.parse(bad, REGTEST.xpub)


def test_a_descriptor_object_cannot_be_made_wrong_either():
    """The checks are in the type, not only in its parser."""
    keys = tuple(make_key(n) for n in (1, 2))
    for kind, m, chosen in (("p2wsh", 3, keys), ("p2tr", 1, keys), ("p2wsh", 1, ())):
        with pytest.raises(BadInput):
            Descriptor(REGTEST, kind, m, chosen)
