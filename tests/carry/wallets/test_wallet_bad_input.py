"""Named bad wallet files: each refused with its reason, whatever format it pretends to be."""

import json

import pytest
from known_vaults import account, read, vault

from signer.carry.wallets import slip132
from signer.carry.wallets.content import MAX_FILE
from signer.carry.wallets.formats import FORMATS
from signer.core import coins
from signer.core.descriptor import checksum
from signer.core.errors import BadInput

OF = vault()
MAIN = coins.network("BTC", "main")
GOOD = {name: entry.write(OF) for name, entry in FORMATS.items() if "BTC" in entry.kinds}
XPRV = (
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtR"
    "BeJgk33yuGBxrMPHi"
)


def changed(name, edit, *more):
    """A good JSON file of a format after an edit of its table."""
    table = json.loads(GOOD[name])
    edit(table, *more)
    return json.dumps(table)


def put(table, *path_and_value):
    """Set a value deep inside."""
    *path, last, value = path_and_value
    for step in path:
        table = table[step]
    table[last] = value


def drop(table, *path):
    """Take a key away."""
    *above, last = path
    for step in above:
        table = table[step]
    del table[last]


def sealed(body):
    """A descriptor with a checksum that fits."""
    return f"{body}#{checksum(body)}"


BODY = OF.descriptor.partition("#")[0]
FIRST = OF.keys[0].to_text(MAIN.xpub)
STRANGER = account(9).to_text(MAIN.xpub)
UNSORTED = BODY.replace("sortedmulti", "multi")
NO_ORIGIN = BODY.replace(str(OF.keys[0].origin), "")
OTHER_STEPS = BODY.replace("<0;1>", "<2;3>")
MIXED_STEPS = BODY.replace("<0;1>", "0", 1)
HARDENED = BODY.replace("/*", "/*h")
LEGACY = f"sh({BODY.removeprefix('wsh(')}"
TAPROOT = f"tr({FIRST}/<0;1>/*)"
LINES = GOOD["coldcard"].split("\n")
PATH = "m/48'/0'/0'/2'"
ZPUB = slip132.write(OF.keys[0].xpub, MAIN, "p2wsh")
YPUB = slip132.write(OF.keys[0].xpub, MAIN, "p2sh-p2wsh")
TPUB = OF.keys[0].xpub.to_text(coins.network("BTC", "test").xpub)
RECORD = GOOD["nunchuk"].split("\n")
TEMPLATE = "wsh(sortedmulti(2,@0/**,@1/**,@2/**))"


def policy(template):
    """A BIP388 policy with another template."""
    return changed("bip388", put, "descriptor_template", template)


# name -> the file, and what the refusal says
BAD = {
    # every format
    "nothing": ("", "no wallet file that is known"),
    "a blank": (" \n", "no wallet file that is known"),
    "prose": ("Policy is what it is\n", "no wallet file that is known"),
    "an empty object": ("{}", "no wallet file that is known"),
    "an empty list": ("[]", "not the descriptors of one vault"),
    "torn json": (GOOD["caravan"][:200], "not JSON"),
    "a key twice": ('{"descriptor": "a", "descriptor": "b"}', "occurs twice"),
    "nested 1,000 deep": ("[" * 1000 + "]" * 1000, "nested too deeply"),
    "a list that closes early": ('[], "wallet_name": "x"', "not JSON|unknown key"),
    "a list that hides a key": ('[1], "x": [2]', "unknown key"),
    "a fraction": (changed("specter", put, "blockheight", 1.5), "only whole numbers"),
    "two things": (changed("caravan", put, "wallet_type", "2of3"), "two things"),
    "a private key in a descriptor": (BODY.replace(FIRST, f"[0f056943]{XPRV}"), "private key"),
    "a private key in a label": (changed("specter", put, "label", XPRV), "private key"),
    "too large": (GOOD["coldcard"] + " " * MAX_FILE, "too large"),
    # descriptors
    "no checksum": (BODY, "checksum is missing"),
    "another checksum": (f"{BODY}#qqqqqqqq", "does not fit"),
    "one letter": (OF.descriptor.replace("sortedmulti(2", "sortedmulti(1"), "does not fit"),
    "unsorted keys": (sealed(UNSORTED), "keys in a fixed order"),
    "unsorted keys, nested": (sealed(f"sh({UNSORTED})"), "keys in a fixed order"),
    "a key without origin": (sealed(NO_ORIGIN), "without its origin"),
    "a placeholder for an origin": (
        sealed(BODY.replace(OF.keys[0].origin.fingerprint, "00000000")),
        "without its origin",
    ),
    "other branches": (sealed(OTHER_STEPS), "another derivation"),
    "different branches": (sealed(MIXED_STEPS), "different steps"),
    "hardened steps": (sealed(HARDENED), "another derivation"),
    "no steps": (sealed(BODY.replace("/<0;1>/*", "")), "another derivation"),
    "receive only": (OF.form.branch_text(0), "one branch only"),
    "change only": (OF.form.branch_text(1), "one branch only"),
    "receive twice": (f"{OF.form.branch_text(0)}\n" * 2, "same descriptor twice"),
    "four lines": (f"{OF.descriptor}\n" * 4, "not a file of one wallet's"),
    "two wallets": (
        f"{OF.form.branch_text(0)}\n{vault(1, 3).form.branch_text(1)}",
        "different wallets",
    ),
    "p2sh of other keys": (sealed(f"sh({BODY[4:-1]})"), "for another kind of vault"),
    "taproot": (sealed(TAPROOT), "taproot"),
    "one signature": (sealed(f"wpkh({FIRST}/<0;1>/*)"), "one signature"),
    "miniscript": (sealed(f"wsh(and_v(v:pk({FIRST}/<0;1>/*),older(1)))"), "no vault can be"),
    "three of two": (sealed(BODY.replace("(2,", "(4,")), "no such multisig"),
    "threshold 0": (sealed(BODY.replace("(2,", "(0,")), "no such multisig"),
    "a stranger's key twice": (
        sealed(f"wsh(sortedmulti(1,{STRANGER}/<0;1>/*,{STRANGER}/<0;1>/*))"),
        "same key twice",
    ),
    "keys of two networks": (
        sealed(BODY.replace(FIRST, f"{OF.keys[0].origin}{TPUB}")),
        "different networks",
    ),
    "slip132 in a descriptor": (
        sealed(BODY.replace(FIRST, f"{OF.keys[0].origin}{ZPUB}")),
        "no descriptor has",
    ),
    "bip45 path": (sealed(BODY.replace("48h/0h/0h/2h", "45h")), "not at the end of its path"),
    "bip87 path": (
        sealed(BODY.replace("48h/0h/0h/2h", "87h/0h/0h/2h")),
        "for another kind of vault",
    ),
    "sixteen keys": (
        sealed(
            "wsh(sortedmulti(1,"
            + ",".join(f"{account(n).to_text(MAIN.xpub)}/<0;1>/*" for n in range(1, 17))
            + "))"
        ),
        "checksum|no such multisig",
    ),
    # core
    "core: a third descriptor": (
        json.dumps([*json.loads(GOOD["core"]), json.loads(GOOD["core"])[0]]),
        "descriptors of one vault",
    ),
    "core: change is called receive": (
        json.dumps([e | {"internal": False} for e in json.loads(GOOD["core"])]),
        "change branch",
    ),
    "core: one branch": (json.dumps(json.loads(GOOD["core"])[:1]), "one branch only"),
    "core: an unknown key": (
        json.dumps([e | {"descs": 1} for e in json.loads(GOOD["core"])]),
        "unknown key",
    ),
    "core: no text": ('[{"desc": 1}]', "must be text"),
    # bip388
    "bip388: a missing key": (policy("wsh(sortedmulti(2,@0/**,@1/**))"), "do not fit"),
    "bip388: out of order": (policy(TEMPLATE.replace("@0", "@9")), "do not fit"),
    "bip388: twice the same": (policy(TEMPLATE.replace("@1", "@0")), "do not fit"),
    "bip388: a leading zero": (policy(TEMPLATE.replace("@1", "@01")), "do not fit"),
    "bip388: no steps": (policy(TEMPLATE.replace("/**", "")), "another derivation"),
    "bip388: steps before": (policy(TEMPLATE.replace("/**", "/0/**")), "another derivation"),
    "bip388: unsorted": (policy(TEMPLATE.replace("sorted", "")), "fixed order"),
    "bip388: a key that is two": (
        changed("bip388", put, "keys_info", 0, f"{FIRST},{STRANGER}"),
        "not a key with its origin",
    ),
    "bip388: a long template": (policy("@" * 1000), "too long"),
    "bip388: keys without end": (changed("bip388", put, "keys_info", ["x"] * 16), "1 to 15 texts"),
    # coldcard
    "coldcard: no format": (GOOD["coldcard"].replace("Format", "# Format"), "kind of script"),
    "coldcard: plain p2sh": (
        GOOD["coldcard"].replace("P2WSH", "P2SH"),
        "for another kind of vault",
    ),
    "coldcard: no derivation": (GOOD["coldcard"].replace("Deriv", "# D"), "without its origin"),
    "coldcard: a placeholder": (
        GOOD["coldcard"].replace(OF.keys[0].origin.fingerprint.upper(), "00000000"),
        "without its origin",
    ),
    "coldcard: two policies": (GOOD["coldcard"] + "Policy: 2 of 3\n", "there twice"),
    "coldcard: too few keys": ("\n".join(LINES[:-2]), "does not fit the keys"),
    "coldcard: 2 of 30": (GOOD["coldcard"].replace("2 of 3", "2 of 30"), "does not fit"),
    "coldcard: an unknown line": (GOOD["coldcard"] + "Secret: 1\n", "not understood"),
    "coldcard: no colon": (GOOD["coldcard"] + "hello\n", "not understood"),
    "coldcard: a nested path": (
        GOOD["coldcard"].replace(PATH, "m/48'/0'/0'/1'"),
        "not at the end of its path",
    ),
    "coldcard: nested format": (
        GOOD["coldcard"].replace("P2WSH", "P2SH-P2WSH"),
        "for another kind of vault",
    ),
    "coldcard: letters of another script": (
        GOOD["coldcard"].replace(FIRST.partition("]")[2], YPUB),
        "another kind of script",
    ),
    "coldcard: 1,000 lines": (GOOD["coldcard"] + "\n" * 1000, "too many lines"),
    # specter
    "specter: too few devices": (changed("specter", drop, "devices", 0), "a list of 3"),
    "specter: another height": (changed("specter", put, "blockheight", -1), "whole number"),
    "specter: an unknown key": (changed("specter", put, "seed", "x"), "unknown key"),
    "specter: change only": (
        changed("specter", put, "descriptor", OF.form.branch_text(1)),
        "one branch only",
    ),
    # caravan
    "caravan: no fingerprint": (
        changed("caravan", put, "extendedPublicKeys", 0, "xfp", ""),
        "without its origin",
    ),
    "caravan: another network": (
        changed("caravan", put, "network", "testnet"),
        "not that of its keys",
    ),
    "caravan: no network": (changed("caravan", put, "network", "moon"), "network must be"),
    "caravan: plain p2sh": (
        changed("caravan", put, "addressType", "P2SH"),
        "for another kind of vault",
    ),
    "caravan: 4 of 3": (
        changed("caravan", put, "quorum", "requiredSigners", 4),
        "whole number 1 to 3",
    ),
    "caravan: a key too many": (
        changed("caravan", put, "quorum", "totalSigners", 2),
        "a list of 2 keys",
    ),
    # nunchuk
    "nunchuk: another address": (
        GOOD["nunchuk"].replace(RECORD[3], OF.address(0, 1)),
        "first address is not",
    ),
    "nunchuk: another key, the old address": (
        GOOD["nunchuk"].replace(
            RECORD[1],
            RECORD[1].replace(FIRST.replace("h", "'", 4), STRANGER),
        ),
        "first address is not",
    ),
    "nunchuk: no address": ("\n".join(RECORD[:3]), "not a descriptor record"),
    "nunchuk: no such address": (GOOD["nunchuk"].replace("bc1q", "bc1p"), "not an address"),
    "nunchuk: other branches": (GOOD["nunchuk"].replace("/0/*,", "/2/*,"), "descriptor record"),
    "nunchuk: version 2": (GOOD["nunchuk"].replace("1.0", "2.0"), "not a descriptor record"),
    "nunchuk: trailing lines": (GOOD["nunchuk"] + "more\n", "not a descriptor record"),
    # electrum
    "electrum: encrypted": ("QklFMQJUsNbd7Rxk8ZmPQyYHCIGG", "not a plain Electrum wallet"),
    "electrum: a seed": (changed("electrum", put, "x1/", "seed", "wild father"), "private key"),
    "electrum: an xprv": (changed("electrum", put, "x1/", "xprv", "encrypted"), "private key"),
    "electrum: standard": (changed("electrum", put, "wallet_type", "standard"), "several sig"),
    "electrum: a key too few": (changed("electrum", drop, "x3/"), "do not fit the wallet type"),
    "electrum: a key too many": (changed("electrum", put, "x4/", {}), "do not fit the wallet"),
    "electrum: 2 of 99": (changed("electrum", put, "wallet_type", "2of99"), "do not fit"),
    "electrum: no origin": (changed("electrum", drop, "x1/", "root_fingerprint"), "its origin"),
    "electrum: no path": (changed("electrum", drop, "x1/", "derivation"), "its origin"),
    "electrum: other letters": (
        GOOD["electrum"].replace("Zpub", "xpub"),
        "checksum does not fit",
    ),
    "electrum: two fingerprints": (
        changed("electrum", put, "x1/", "ckcc_xfp", 1),
        "root_fingerprint",
    ),
    "electrum: mixed scripts": (
        changed("electrum", put, "x1/", "xpub", YPUB),
        "different kinds of script",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_named_bad_wallet_files(name):
    """A reason and what was expected or to do; no secret and no control character is told."""
    text, why = BAD[name]
    with pytest.raises(BadInput, match=why) as caught:
        read(text.encode())
    problem = caught.value
    told = f"{problem.what} {problem.expected} {problem.found} {problem.hint}"
    assert "xprv9" not in told
    assert len(told) < 1000


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\0" * 10, bytes(range(256)), b"H:2,block:1\xff"])
def test_what_is_not_text(data):
    """Binary files, a wallet's own database among them."""
    with pytest.raises(BadInput, match=r"not text|no wallet file"):
        read(data)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("other", GOOD)
def test_a_file_called_what_it_is_not(name, other):
    """With --format, a file of another format is refused, or read as exactly the same wallet."""
    try:
        found = read(GOOD[name].encode(), name=other).form
    except BadInput:
        return
    assert found == OF.form
    assert FORMATS[name].read is FORMATS[other].read
