"""Fuzz targets of the readers of other wallets' files, of vendors' key files, and of labels."""

from signer.carry import labels
from signer.carry.wallets import descriptor, keyfile
from signer.carry.wallets.content import Content
from signer.carry.wallets.formats import FORMATS
from signer.carry.wallets.makers import MAKERS
from signer.carry.wallets.place import Asked
from signer.core import coins
from signer.core.errors import BadInput

MAIN = coins.network("BTC", "main")
FORM = descriptor.read(
    Content.of(
        b"wsh(sortedmulti(1,[8188029f/48h/0h/0h/2h]xpub6EMVvcTUbaABdaPLaVWE72CjcN72URa5pKK1knrKLz1h"
        b"KaDwUkgddc3832a8MHEpLyuow7MfjMRomt2iMtwPH4pWrFLft4JsquHjeZfKsYp/<0;1>/*))#wv74nzq7"
    ),
    Asked(),
).form


def fuzz_wallet(data):
    """Any file, as every format: refused, or exactly a vault that its own descriptor says."""
    try:
        content = Content.of(data)
    except BadInput:
        return
    for entry in FORMATS.values():
        if not entry.matches(content):
            continue
        try:
            wallet = entry.read(content, Asked())
        except BadInput:
            continue
        again = descriptor.read(
            Content.of(wallet.form.text.encode()), Asked(network=wallet.form.network.name)
        )
        assert again.form == wallet.form
        prints = [key.origin.fingerprint for key in wallet.form.keys]
        assert [holder.fingerprint for holder in wallet.holders] == prints
        assert {holder.device for holder in wallet.holders} <= {"", *MAKERS.values()}


def fuzz_keyfile(data):
    """Any file: refused, or a key at the end of its path; enforcing only by our own record."""
    for script_type in ("p2wsh", "p2sh-p2wsh"):
        try:
            found = keyfile.read(data, "BTC", MAIN, script_type)
        except BadInput:
            continue
        path = found.key.origin.path
        assert len(path) == found.key.xpub.depth
        assert bool(found.type) == ("kind" in (Content.of(data).table or ()))


def fuzz_labels(data):
    """Any file: refused, or records that are written and read again as they are."""
    try:
        found = labels.parse(data, FORM)
    except BadInput:
        return
    again = labels.parse(labels.write(found.records).encode(), FORM)
    assert again.records == found.records
    assert all(len(record.label or "") <= labels.MAX_LABEL for record in found.records)


WALLET_TARGETS = {"wallet": fuzz_wallet, "keyfile": fuzz_keyfile, "labels": fuzz_labels}
