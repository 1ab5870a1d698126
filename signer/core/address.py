"""Addresses: the text of the scripts that money is sent to.

Only the kinds whose rules are final are paid to: a witness program of a version or length
without rules yet can be spent by anybody (BIP141). A network has Base58 and segwit addresses, or
CashAddr alone.
"""

from functools import partial

from signer.core import base58, bech32, cashaddr, coins
from signer.core.errors import BadInput, Fault
from signer.core.script import OP_1

_P2PKH = b"\x76\xa9\x14", b"\x88\xac"
_P2SH = b"\xa9\x14", b"\x87"
_P2WPKH = b"\x00\x14"
_P2WSH = b"\x00\x20"
_P2TR = b"\x51\x20"
_P2SH32 = b"\xaa\x20", b"\x87"
_HASHED = ((_P2PKH, 25, cashaddr.P2PKH), (_P2SH, 23, cashaddr.P2SH), (_P2SH32, 35, cashaddr.P2SH))
"""Scripts around a hash: what stands around it, the bytes of all, and CashAddr's kind."""
_KINDS = ("P2PKH, P2SH, P2WPKH, P2WSH or P2TR of {}", "P2PKH or P2SH of {}, without tokens")
_bad = partial(BadInput, fault=Fault.OFFICER, hint="ask the beneficiary for the address again")
_SEGWIT_SIZES = {_P2WPKH: 22, _P2WSH: 34, _P2TR: 34}


def address_of(script: bytes, coin: str, network: str) -> str | None:
    """The address of a scriptPubKey on `network`, or None if it has none."""
    chain = coins.network(coin, network)
    segwit = chain.hrp and (chain.taproot or script[:2] != _P2TR)
    if segwit and _SEGWIT_SIZES.get(script[:2]) == len(script):
        return bech32.encode(chain.hrp, 1 if script[0] else 0, script[2:])
    for (head, tail), size, kind in _HASHED:
        if len(script) == size and script.startswith(head) and script.endswith(tail):
            digest = script[len(head) : -len(tail)]
            if chain.cashaddr:
                return cashaddr.encode(chain.cashaddr, kind, digest)
            if len(digest) == 20:  # noqa: PLR2004 -- bytes: Base58 has no longer ones
                return base58.encode(bytes((chain.p2sh if kind else chain.p2pkh,)) + digest)
    return None


def script_of(address: str, coin: str, network: str) -> bytes:
    """The scriptPubKey of an address on `network`.

    Raises:
        BadInput: a typo (and where, if bech32 can tell), another network, or a kind that is
            not known. The text is not quoted: somebody may have pasted a private key.
    """
    networks, own = coins.coin(coin).networks, coins.network(coin, network)
    text = address.lower()
    if own.cashaddr:
        _, kind, digest = cashaddr.decode(address, own.cashaddr)
        head, tail = _P2SH32 if len(digest) == 32 else (_P2PKH, _P2SH)[kind & 1]  # noqa: PLR2004 -- bytes
        script = head + digest + tail
    elif any(text.startswith(f"{known.hrp}1") for known in networks.values()):
        _, version, program = bech32.decode(address)
        script = bytes((OP_1 - 1 + version if version else 0, len(program))) + program
    else:
        text = address
        data = base58.decode(address, what="an address")
        head, tail = _P2SH if data[:1] in {bytes((n.p2sh,)) for n in networks.values()} else _P2PKH
        script = head + data[1:] + tail
        if own.old_p2sh is not None and data[:1] == bytes((own.old_p2sh,)):
            raise _bad(
                "the old form of script addresses, which BTC has, too",
                expected=f"the new form, whose first byte is {own.p2sh}",
            )
    # Write it again: an address that we would write differently is not one that we understand.
    if address_of(script, coin, network) == text:
        return script
    if owners := [name for name in networks if address_of(script, coin, name) == text]:
        raise _bad("the address is of another network", expected=network, found=" or ".join(owners))
    raise _bad("unknown kind of address", expected=_KINDS[bool(own.cashaddr)].format(coin))
