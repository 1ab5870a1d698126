"""Amounts as people read them. Everywhere else an amount is an integer of sats."""

from signer.core import coins


def format_amount(amount: int, coin: str) -> str:
    """Write an amount with all decimals, grouped by three from the point: `1 234.500 000 00 BTC`.

    All decimals always, so that amounts align in a column and no digit is ever implied.
    """
    kind = coins.coin(coin)
    whole, fraction = divmod(abs(amount), 10**kind.decimals)
    digits = f"{fraction:0{kind.decimals}d}"
    grouped = " ".join(digits[at : at + 3] for at in range(0, kind.decimals, 3))
    return f"{'-' if amount < 0 else ''}{whole:,}.{grouped} {coin}".replace(",", " ")
