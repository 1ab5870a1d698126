"""Printed on the sheet and typed in by a stranger: BIP39 words in, the account's private key out.

It is a text, not code of this program: Python's standard library alone runs it, on any machine and
in any year. That works because every step of a vault's path is hardened: no curve is needed, only
an addition modulo n (BIP32, "Private parent key -> private child key"). The parent's fingerprint is
written as zeros, which every wallet reads and none needs. `tests/recovery` runs it as printed.
"""

from typing import Final

from signer.core.bip32 import HARDENED
from signer.core.coins import Network

_PRIVATE: Final = {"0488b21e": "0488ade4", "043587cf": "04358394"}
"""Version bytes of extended private keys, by those of the public ones (BIP32)."""

_PROGRAM: Final = """\
import hashlib, hmac, unicodedata
h = lambda key, data: hmac.new(key, data, "sha512").digest()
num = lambda data: int.from_bytes(data, "big")
nfkd = unicodedata.normalize
ask = lambda what: nfkd("NFKD", input(what)).encode()
words = b" ".join(ask("words: ").lower().split())
salt = b"mnemonic" + ask("passphrase, if it has one: ")
seed = hashlib.pbkdf2_hmac("sha512", words, salt, 2048)
key = h(b"Bitcoin seed", seed)
n = 2**256 - 0x14551231950B75FC4402DA1732FC9BEBF
for step in STEPS:
    step = (step + 2**31).to_bytes(4, "big")
    child = h(key[32:], bytes(1) + key[:32] + step)
    k = (num(key[:32]) + num(child[:32])) % n
    key = k.to_bytes(32, "big") + child[32:]
x = bytes.fromhex("VERSION") + bytes(4) + step
x += key[32:] + bytes(1) + key[:32]
x += hashlib.sha256(hashlib.sha256(x).digest()).digest()[:4]
abc = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
k, text = num(x), ""
while k:
    k, digit = divmod(k, 58)
    text = abc[digit] + text
print(text)
"""


def program(network: Network, path: tuple[int, ...]) -> str:
    """The program for an account.

    Args:
        network: of the vault.
        path: of its keys, hardened throughout.
    """
    steps = tuple(step - HARDENED for step in path)
    version = f"{_PRIVATE[network.xpub.hex()]}{len(steps):02x}"
    return _PROGRAM.replace("STEPS", str(steps)).replace("VERSION", version)
