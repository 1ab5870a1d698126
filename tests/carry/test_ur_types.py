"""Keys, descriptors and accounts inside URs."""

import pytest
from carry_samples import join, vectors

from signer.carry import cbor, crypto_account, crypto_output, hdkey, ur
from signer.carry.cbor import Tagged
from signer.carry.payload import Kind, Payload
from signer.core import coins
from signer.core.bip32 import format_path, parse_path
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.descriptor import Descriptor, VaultKey, checksum
from signer.core.errors import BadInput

PUBLISHED = vectors("bcr_types.json")
MAIN, TEST, REGTEST = (coins.network("BTC", name) for name in ("main", "test", "regtest"))


def vault(network, script_type="p2wsh", threshold=2, count=3):
    """Write a vault's descriptor over keys that everybody knows."""
    keys = []
    for n in range(1, count + 1):
        master = ExtendedPrivateKey.from_seed(bytes([n]) * 32)
        path = f"48h/{network.slip44}h/0h/{1 if script_type != 'p2wsh' else 2}h"
        account = master.derive_path(parse_path(path)).public()
        keys.append(f"[{master.fingerprint}/{path}]{account.to_text(network.xpub)}/<0;1>/*")
    body = f"sortedmulti({threshold},{','.join(keys)})"
    body = f"wsh({body})" if script_type == "p2wsh" else f"sh(wsh({body}))"
    return Descriptor.parse(f"{body}#{checksum(body)}", network)


@pytest.mark.parametrize("example", PUBLISHED["outputs"])
def test_the_published_descriptors(example):
    """BCR-2020-010's examples become the descriptors that they stand for."""
    data = bytes.fromhex(example.get("hex", ""))
    if "ur" in example:
        payload = join([example["ur"]])
        assert payload.kind is Kind.OUTPUT
        assert payload.data == data or not data
        data = payload.data
    body, _, tail = crypto_output.descriptor_text(data).partition("#")
    assert tail == checksum(body)
    if "descriptor" in example:
        assert body == example["descriptor"]
    else:
        assert body.startswith(f"pkh([{example['fingerprint']}/44h/0h/0h]xpub6")
        assert body.endswith("/1/*)")


def test_the_published_account():
    """BCR-2020-015's account has a key for each of its seven scripts, at its path."""
    example = PUBLISHED["account"]
    payload = join([example["ur"]])
    assert payload.data.hex() == example["hex"]
    account = crypto_account.parse(payload.data)
    assert account.fingerprint == example["fingerprint"]
    paths = {entry.script_type: format_path(entry.key.origin.path) for entry in account.keys}
    assert paths == example["paths"]
    for entry in account.keys:
        text = str(entry.key)
        assert text.startswith(f"[{account.fingerprint}/{paths[entry.script_type]}]xpub")
        assert VaultKey.parse(text, MAIN.xpub).xpub == entry.key.xpub


@pytest.mark.parametrize("network", [MAIN, TEST, REGTEST], ids=lambda n: n.name)
@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
@pytest.mark.parametrize("count", [3, 15])
def test_a_vault_comes_back(network, script_type, count):
    """A vault's descriptor, carried as codes, is the same text on the other side."""
    descriptor = vault(network, script_type, count=count)
    payload = Payload(Kind.OUTPUT, crypto_output.encode(descriptor))
    again = join(ur.Series(payload, 400).first())
    assert again == payload
    assert crypto_output.descriptor_text(again.data) == descriptor.text


@pytest.mark.parametrize("network", [MAIN, TEST], ids=lambda n: n.name)
def test_an_account_comes_back(network):
    """Account keys, carried as codes, are the same keys on the other side."""
    keys = {
        script_type: vault(network, script_type).keys[0] for script_type in ("p2wsh", "p2sh-p2wsh")
    }
    fingerprint = keys["p2wsh"].origin.fingerprint
    data = crypto_account.encode(fingerprint, keys.items(), network)
    account = crypto_account.parse(join(ur.Series(Payload(Kind.ACCOUNT, data), 300).first()).data)
    assert account.fingerprint == fingerprint
    assert {e.script_type: str(e.key) for e in account.keys} == {
        script_type: key.to_text(network.xpub) for script_type, key in keys.items()
    }


KEY = vault(MAIN).keys[0]
FIELDS = hdkey.key_item(KEY.origin, KEY.xpub, MAIN, branches=False).item


def key(**changes):
    """Wrap a changed key as `wpkh(key)`; a field that is None is left out."""
    fields = FIELDS | {int(name[1:]): value for name, value in changes.items()}
    return cbor.encode(Tagged(404, Tagged(303, {k: v for k, v in fields.items() if v is not None})))


def path(*components, **others):
    """Write a key path."""
    fields = {"_2": 7, "_3": 4} | others
    return Tagged(
        304, {1: components} | {int(k[1:]): v for k, v in fields.items() if v is not None}
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"_7": path(0, False, (), False, _2=None, _3=None)}, "/0/*"),
        ({"_7": path((0, False, 1, False), (), False, _2=None, _3=None)}, "/<0;1>/*"),
        ({"_7": path(_2=None, _3=None)}, ""),
        ({"_9": "a name", "_10": "a note"}, ""),
        ({"_5": Tagged(305, {1: 0, 2: 0})}, ""),
    ],
)
def test_steps_behind_a_key(changes, text):
    """What is derived from a key stands behind it as descriptors write it."""
    body = crypto_output.descriptor_text(key(**changes)).partition("#")[0]
    assert body == f"wpkh({KEY.to_text(MAIN.xpub)}{text})"


def test_an_origin_without_fingerprint_is_none():
    """A path that does not say whose it is, is no origin; the key itself stays."""
    body = crypto_output.descriptor_text(key(_6=path(48, True, _2=None, _3=4)))
    assert body.startswith("wpkh(xpub")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"_1": True}, "private key"),
        ({"_2": True}, "private key"),
        ({"_3": None}, "field 3"),
        ({"_3": bytes(33)}, "not valid"),
        ({"_3": b"\2" + bytes(32)}, "not valid"),
        ({"_3": bytes(32)}, "field 3"),
        ({"_4": None}, "field 4"),
        ({"_5": Tagged(305, {1: 60})}, "another coin"),
        ({"_5": Tagged(305, {2: 2})}, "another coin"),
        ({"_5": {2: 1}}, "field 5"),
        ({"_6": path(48)}, "ranges or wildcards"),
        ({"_6": path((), False)}, "ranges or wildcards"),
        ({"_6": path(48, 1)}, "ranges or wildcards"),
        ({"_6": path(2**31, True)}, "ranges or wildcards"),
        ({"_6": path(*(1, True) * 5)}, "depth does not fit"),
        ({"_6": path(*(1, True) * 256)}, "field 1"),
        ({"_6": path(48, True, _3=256)}, "field 3"),
        ({"_7": path(0, True, _2=None, _3=None)}, "hardened steps"),
        ({"_7": path(0, _2=None, _3=None)}, "hardened steps"),
        ({"_7": path(False, False, _2=None, _3=None)}, "not understood"),
        ({"_7": path((0, 5), False, _2=None, _3=None)}, "not understood"),
        ({"_7": path((0, True, 1, True), _2=None, _3=None)}, "not understood"),
        ({"_7": path("x", False, _2=None, _3=None)}, "not understood"),
        ({"_8": 2**32}, "field 8"),
        ({"_11": 1}, "unknown fields"),
        ({"_9": "x" * 201}, "field 9"),
    ],
)
def test_a_bad_key_is_refused(changes, why):
    """Private keys, other coins, impossible paths, and fields that are not as they should be."""
    with pytest.raises(BadInput, match=why):
        crypto_output.descriptor_text(key(**changes))


ECKEY = Tagged(306, {3: KEY.xpub.key})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (7, "a script expression"),
        (Tagged(404, 7), "a key was expected"),
        (Tagged(307, {}), "not read here"),
        (Tagged(408, b""), "not read here"),
        (Tagged(401, Tagged(410, ECKEY)), "not read here"),
        (Tagged(404, Tagged(306, {2: True, 3: bytes(32)})), "private key"),
        (Tagged(404, Tagged(306, {1: 1, 3: KEY.xpub.key})), "field 1"),
        (Tagged(407, {1: 1, 2: ()}), "field 2"),
        (Tagged(407, {1: 1, 2: (ECKEY,) * 16}), "field 2"),
        (Tagged(407, {1: 16, 2: (ECKEY,)}), "field 1"),
        (Tagged(407, {1: 1, 2: (ECKEY,), 3: 0}), "unknown fields"),
        (Tagged(407, (1, (ECKEY,))), "not a map"),
        (
            Tagged(
                407,
                {
                    1: 1,
                    2: tuple(
                        hdkey.key_item(KEY.origin, KEY.xpub, place, branches=False)
                        for place in (MAIN, TEST)
                    ),
                },
            ),
            "different networks",
        ),
    ],
)
def test_other_forms_are_refused(value, why):
    """What is no descriptor of the forms that are read here."""
    with pytest.raises(BadInput, match=why):
        crypto_output.descriptor_text(cbor.encode(value))


ENTRY = hdkey.key_item(KEY.origin, KEY.xpub, MAIN, branches=False)
MASTER = int(KEY.origin.fingerprint, 16)


@pytest.mark.parametrize("tags", [(401,), (401, 410), (308, 401), (308, 401, 410)])
def test_versions_of_the_account_are_read(tags):
    """With the cosigner's tag and the descriptor's own, or without, it is the same key."""
    value = ENTRY
    for tag in reversed(tags):
        value = Tagged(tag, value)
    account = crypto_account.parse(cbor.encode({1: MASTER, 2: (value,)}))
    assert [e.script_type for e in account.keys] == ["p2wsh"]
    assert account.keys[0].key.xpub == KEY.xpub


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({1: MASTER}, "field 2"),
        ({1: MASTER, 2: ()}, "field 2"),
        ({1: MASTER, 2: (Tagged(401, ENTRY),) * 21}, "field 2"),
        ({1: 2**32, 2: (Tagged(401, ENTRY),)}, "field 1"),
        ({1: MASTER, 2: (ENTRY,)}, "not read here"),
        ({1: MASTER, 2: (Tagged(407, ENTRY),)}, "not read here"),
        ({1: MASTER, 2: (Tagged(401, ECKEY),)}, "not read here|another master"),
        ({1: MASTER ^ 1, 2: (Tagged(401, ENTRY),)}, "another master"),
        ({1: MASTER, 2: (Tagged(401, ENTRY),), 3: 0}, "unknown fields"),
    ],
)
def test_a_bad_account_is_refused(fields, why):
    """Nothing in it, too much, another script, or a key of another master."""
    with pytest.raises(BadInput, match=why):
        crypto_account.parse(cbor.encode(fields))
