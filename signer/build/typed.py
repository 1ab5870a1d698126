"""What people type, and what they type wrong: amounts and addresses.

Whatever is refused here, the trusted core refuses as well; here it is told where the mistake is.
"""

import re
from dataclasses import dataclass

from signer.core import base58, cashaddr, coins
from signer.core.address import address_of, script_of
from signer.core.base58 import ALPHABET
from signer.core.bch import behind, pairs
from signer.core.bech32 import BECH32, BECH32M, CHARSET, CHECKSUM, prefix, remainder
from signer.core.errors import BadInput, Fault
from signer.core.names import Sats

_MAX_TEXT = 40
_AMOUNT = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?: ?([A-Za-z]+))?")

_BASE58 = 21
"""Bytes of an address before its checksum: a version and a hash."""

_MAX_ADDRESS = 90
"""Characters (BIP173)."""


def parse_amount(text: str, coin: str) -> Sats:
    """Read `150000` or `150000sat`, or with the coin's name `0.1BTC`, `1 BTC`.

    A bare decimal is refused rather than guessed, and so is everything that people of different
    countries read differently: thousands separators, commas, exponents, signs.

    Raises:
        BadInput: another form, too many decimals, or more than there will ever be.
    """
    kind = coins.coin(coin)
    match = _AMOUNT.fullmatch(text) if len(text) <= _MAX_TEXT else None
    whole, fraction, unit = match.groups(default="") if match else ("", "", "")
    shift = kind.decimals if unit.lower() == coin.lower() else 0
    amount = int(whole + fraction.ljust(shift, "0")) if match else 0
    wrong = ""
    if not match:
        wrong = "not an amount"
    elif not shift and unit.lower() not in ("", kind.smallest):
        wrong = "unknown unit"
    elif fraction and not shift:
        wrong = f"a decimal without the unit {coin}"
    elif len(fraction) > shift:
        wrong = "too many decimals"
    elif amount > kind.max_money:
        wrong = f"more than the supply of {coin}"
    if wrong:
        expected = f"whole {kind.smallest}, or {coin} with up to {kind.decimals} decimals"
        hint = f"write for instance 150000{kind.smallest} or 0.0015{coin}"
        found = ascii(text[:_MAX_TEXT])
        raise BadInput(wrong, fault=Fault.OFFICER, expected=expected, found=found, hint=hint)
    return Sats(amount)


@dataclass(frozen=True, slots=True)
class Typed:
    """An address that somebody typed.

    Attributes:
        address: in the form that documents hold.
        warning: what was odd about how it came, or empty.
    """

    address: str
    warning: str = ""


def typed_address(text: str, coin: str, network: str) -> Typed:
    """Read an address in any form that its network ever had, and say so if it is not the usual one.

    Raises:
        BadInput: as `parse_address`.
    """
    prefix = coins.network(coin, network).cashaddr
    if not prefix:
        return Typed(parse_address(text, coin, network))
    old = _from_base58(text, coin, network)
    if old:
        return Typed(old, f"read as {old}: it came in the old form, which BTC has, too")
    named, kind, digest = cashaddr.decode(text, prefix)
    usual = parse_address(cashaddr.encode(named, kind & 1, digest), coin, network)
    odd = f"read as {usual}: it came as an address for tokens, and none are sent"
    return Typed(usual, odd if kind & ~1 else "")


def _from_base58(text: str, coin: str, network: str) -> str:
    """The CashAddr of an address from before there was CashAddr; empty if it is not Base58.

    Raises:
        BadInput: it is Base58, and not of this network.
    """
    own = coins.network(coin, network)
    try:
        data = base58.decode(text, what="an address")
    except BadInput:
        return ""
    kinds = {bytes((own.p2pkh,)): cashaddr.P2PKH, bytes((own.p2sh,)): cashaddr.P2SH}
    if len(data) != _BASE58 or data[:1] not in kinds:
        raise BadInput(
            f"no address of {coin} {network}",
            fault=Fault.OFFICER,
            expected=f"{own.cashaddr}:..., or its old form",
            found="another coin's or network's, or a key",
            hint="ask the beneficiary for the address again",
        )
    return cashaddr.encode(own.cashaddr, kinds[data[:1]], data[1:])


def parse_address(text: str, coin: str, network: str) -> str:
    """Read an address, and give it in the form that documents hold.

    Segwit addresses may come in upper case (from a QR code); the script's own address is lower.

    Raises:
        BadInput: as `script_of`, with the positions (the first character is 1) of characters that
            are wrong, as far as they can be told. Nothing else is quoted: it may be a private key.
    """
    try:
        return str(address_of(script_of(text, coin, network), coin, network))
    except BadInput as problem:
        raise BadInput(
            problem.what,
            fault=problem.fault,
            expected=problem.expected,
            found=problem.found or _mistake(text, coin),
            hint=problem.hint,
        ) from None


def _mistake(address: str, coin: str) -> str:
    """Tell what is wrong with an address, as far as it can be told; empty if it cannot."""
    hrp = address.lower().partition("1")[0]
    segwit = hrp in {network.hrp for network in coins.coin(coin).networks.values()}
    if len(address) > _MAX_ADDRESS or not address.isascii():
        return f"{len(address):,} characters" if segwit else ""
    if segwit and address not in (address.lower(), address.upper()):
        return ""
    start = len(hrp) + 1 if segwit else 0
    letters, alphabet = (address[start:].lower(), CHARSET) if segwit else (address, ALPHABET)
    for at, letter in enumerate(letters, start + 1):
        if letter not in alphabet:
            return f"{letter!a} as character {at}, which cannot be"
    return _misspelt(hrp, letters) if segwit else ""


def _misspelt(hrp: str, letters: str) -> str:
    """Tell what is wrong with a bech32 text whose every character can be."""
    if len(letters) < CHECKSUM + 2:
        return f"cut short: {len(hrp) + 1 + len(letters)} characters"
    values = [CHARSET.index(letter) for letter in letters]
    whole = remainder(pairs(behind(prefix(hrp), values)))
    residue = whole ^ (BECH32M if values[0] else BECH32)
    swap = BECH32 ^ BECH32M
    if residue in (0, swap):
        return "the checksum of another witness version" if residue else ""
    wrong = _locate(residue, len(values))
    if not wrong and 0 in (other := _locate(residue ^ swap, len(values))):
        wrong = other  # the version itself is wrong, and with it the constant
    places = " and ".join(str(len(hrp) + 2 + at) for at in sorted(wrong))
    return f"character {places}" if wrong else "more than two wrong characters"


def _locate(residue: int, length: int) -> tuple[int, ...]:
    """Where one or two wrong characters explain the checksum's error; empty if that is not so.

    The checksum is linear, so the error of two characters is the XOR of the errors of each, and
    it tells any four apart (BIP173, "Checksum design"). What would be right is not said: a
    person shall look the address up again, not accept a guess.
    """
    errors: dict[int, int] = {}
    for value in range(1, 32):
        state = value
        for at in range(length - 1, -1, -1):
            errors[state] = at
            state = remainder(pairs(state << 5))
    if residue in errors:
        return (errors[residue],)
    two = ((at, errors.get(residue ^ error)) for error, at in errors.items())
    return next(((at, other) for at, other in two if other is not None), ())
