"""A stranger with a printed sheet and some backups, and nothing else of ours.

A program of its own, which cannot import Coldquorum: BDK reads the descriptor and signs, Bitcoin
Core's consensus code (py-bitcoinkernel) holds the chain and judges the block. It does what the
sheet says, step by step, and takes every text from the sheet.

Arguments: the sheet, the chain's folder (a copy), the address to send everything to, and for each
backup a file with an officer's name in the first line and the words in the second.
"""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path

OURS = ("signer", "policies", "hw")


class Nothing:
    """Whoever asks for a module of ours finds none."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Refuse our packages; leave the rest to others."""
        if name.partition(".")[0] in OURS:
            raise ImportError(f"a stranger has no {name}")


sys.meta_path.insert(0, Nothing)

import av  # noqa: E402 -- after the door is shut
import bdkpython as bdk  # noqa: E402 -- as above
import pbk  # noqa: E402 -- as above
import zxingcpp  # noqa: E402 -- as above


class Stopped(Exception):
    """The sheet says to stop here."""


class Sheet(HTMLParser):
    """What a person reads on the page: the text of each marked place, and the pictures."""

    def __init__(self, page):
        super().__init__()
        self.text, self.codes, self.programs, self.addresses = {}, {}, [], {}
        self.commands, self._open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        """Note where we are; keep a picture."""
        said = dict(attributes)
        if tag == "img":
            picture = base64.b64decode(said["src"].partition(",")[2])
            self.codes.setdefault(said.get("id") or said["class"], read_code(picture))
        elif tag not in ("meta", "br", "link"):
            self._open.append((tag, said))

    def handle_endtag(self, tag):
        """Leave a place."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        """Keep the text of marked places."""
        for _, said in self._open:
            if "id" in said:
                self.text[said["id"]] = self.text.get(said["id"], "") + data
            if "data-place" in said:
                place = said["data-place"]
                self.addresses[place] = self.addresses.get(place, "") + data.strip()
            if said.get("class") == "program":
                self.programs.append((said["data-officers"].split(), data))
            if said.get("class") == "command":
                self.commands.append(data)


def read_code(picture):
    """What a QR code's picture says, by ZXing."""
    frame = next(av.open(io.BytesIO(picture)).decode(video=0)).reformat(format="gray")
    plane = frame.planes[0]
    rows = [bytes(plane)[y * plane.line_size :][: frame.width] for y in range(frame.height)]
    grey = memoryview(b"".join(rows)).cast("B", (frame.height, frame.width))
    (code,) = zxingcpp.read_barcodes(grey)
    return code.text


def sha256d(data):
    """Bitcoin's double hash."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def wallet(descriptor):
    """A wallet in memory for both branches; Bitcoin Core splits `<0;1>` in the same way."""
    body = descriptor.partition("#")[0]
    branches = (body.replace("<0;1>", str(branch)) for branch in (0, 1))
    receive, change = (bdk.Descriptor(branch, bdk.NetworkKind.TEST) for branch in branches)
    return bdk.Wallet(receive, change, bdk.Network.REGTEST, bdk.Persister.new_in_memory())


def compare(made, sheet):
    """Derive the printed addresses; stop as the sheet says if one differs."""
    kinds = (bdk.KeychainKind.EXTERNAL, bdk.KeychainKind.INTERNAL)
    for place, printed in sheet.addresses.items():
        branch, index = map(int, place.split("/"))
        if str(made.peek_address(kinds[branch], index).address) != printed:
            raise Stopped(f"address {place} is not the printed one")


def check_sheet(sheet):
    """Step 1: the code is the printed text, and both make the printed addresses."""
    descriptor = "".join(sheet.text["descriptor"].split())
    if sheet.codes["code"] != descriptor:
        raise Stopped("the code says something else than the text")
    watch = wallet(descriptor)
    compare(watch, sheet)
    return descriptor, watch


def scan(chain, watch):
    """Step 2: give the wallet each transaction of the chain that concerns it."""
    for entry in chain.get_active_chain().block_tree_entries:
        if entry.height == 0:
            continue
        for raw in chain.blocks[entry].transactions:
            found = bdk.Transaction(bytes(raw))
            moved = watch.sent_and_received(found)
            if moved.sent.to_sat() or moved.received.to_sat():
                watch.apply_unconfirmed_txs([bdk.UnconfirmedTx(tx=found, last_seen=1)])


def account_key(program, words):
    """Step 4: run the printed program, with nothing but Python's standard library."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.py"
        path.write_text(program)
        done = subprocess.run(
            [sys.executable, "-I", "-S", path],
            input=f"{words}\n\n",
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout.split()[-1]


def edit(descriptor, sheet, backups):
    """Step 5: put private keys in place of those officers' public ones."""
    rows = dict(re.findall(r"(\S+)\[\S+\](\w+)", sheet.text["replace"]))
    edited = descriptor.partition("#")[0]
    for officer, words in backups.items():
        (program,) = [text for officers, text in sheet.programs if officer in officers]
        if sheet.codes["program-code"] != program:
            raise Stopped("the program's code says something else than its text")
        assert edited.count(rows[officer]) == 1
        edited = edited.replace(rows[officer], account_key(program, words))
    return edited


def sign(edited, psbt):
    """Step 5, what walletprocesspsbt does."""
    options = {"trust_witness_utxo": False, "assume_height": None, "allow_all_sighashes": False}
    options |= {"sign_with_tap_internal_key": False, "allow_grinding": True, "try_finalize": True}
    return wallet(edited).sign(psbt, bdk.SignOptions(**options))


def block(chain, transaction):
    """A block with one transaction on top of the chain (BIP34, BIP141; the easiest target)."""
    tip = chain.get_active_chain().block_tree_entries[-1]
    height, raw = tip.height + 1, transaction.serialize()
    witness_root = sha256d(bytes(32) + sha256d(raw))
    pushed = height.to_bytes(height.bit_length() // 8 + 1, "little")
    unlock = bytes([len(pushed)]) + pushed + b"\x02hi"
    commitment = bytes.fromhex("6a24aa21a9ed") + sha256d(witness_root + bytes(32))
    outputs = b"\x02" + bytes(8) + b"\x01\x51" + bytes(8) + bytes([len(commitment)]) + commitment
    source = b"\x01" + bytes(32) + b"\xff" * 4 + bytes([len(unlock)]) + unlock + b"\xff" * 4
    bare = b"\x02\0\0\0" + source + outputs + bytes(4)
    whole = b"\x02\0\0\0\0\x01" + source + outputs + b"\x01\x20" + bytes(32) + bytes(4)
    txid = bytes.fromhex(str(transaction.compute_txid()))[::-1]
    root = sha256d(sha256d(bare) + txid)
    head = (0x20000000).to_bytes(4, "little") + bytes.fromhex(str(tip.block_hash))[::-1] + root
    head += int(time.time()).to_bytes(4, "little") + (0x207FFFFF).to_bytes(4, "little")
    nonce = 0
    while int.from_bytes(sha256d(head + nonce.to_bytes(4, "little")), "little") >> 255:
        nonce += 1
    return head + nonce.to_bytes(4, "little") + b"\x02" + whole + raw


def confirm(chain, transaction):
    """Step 6: mine it, and find it in the block that is now the chain's last."""
    chain.process_block(pbk.Block(block(chain, transaction)))
    tip = chain.get_active_chain().block_tree_entries[-1]
    mined = [bytes(raw) for raw in chain.blocks[tip].transactions]
    assert transaction.serialize() in mined, "consensus did not take the block"
    return tip.height


def recover(page, folder, address, files):
    """Everything, in the order of the sheet."""
    sheet = Sheet(page)
    descriptor, watch = check_sheet(sheet)
    chain = pbk.load_chainman(folder)
    scan(chain, watch)
    script = bdk.Address(address, bdk.Network.REGTEST).script_pubkey()
    rate = bdk.FeeRate.from_sat_per_vb(5)
    psbt = bdk.TxBuilder().drain_wallet().drain_to(script).fee_rate(rate).finish(watch)
    backups = dict(Path(file).read_text().splitlines()[:2] for file in files)
    edited = edit(descriptor, sheet, backups)
    compare(wallet(edited), sheet)
    if not sign(edited, psbt):
        raise Stopped("too few keys have signed")
    transaction = psbt.extract_tx()
    height = confirm(chain, transaction)
    loaded = [name for name in sys.modules if name.partition(".")[0] in OURS]
    assert not loaded, loaded
    (output,) = transaction.output()
    return {
        "txid": str(transaction.compute_txid()),
        "height": height,
        "inputs": len(transaction.input()),
        "amount": output.value.to_sat(),
        "script": output.script_pubkey.to_bytes().hex(),
        "transaction": transaction.serialize().hex(),
    }


if __name__ == "__main__":
    sheet_file, chain_folder, destination, *backup_files = sys.argv[1:]
    page_text = Path(sheet_file).read_text(encoding="utf-8")
    try:
        told = recover(page_text, Path(chain_folder), destination, backup_files)
    except Stopped as reason:
        print(json.dumps({"stopped": str(reason)}))
        sys.exit(9)
    print(json.dumps(told))
