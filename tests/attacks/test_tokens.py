"""A coin of Bitcoin Cash that carries tokens: spent as money alone, they would be lost for ever.

The token stands in front of the locking script, inside the bytes that a coin's script has. Who
compares the script's end alone takes such a coin for one of the vault's.
"""

from dataclasses import replace

import pytest
from defences import refused
from world import Coin, World

from signer.chain.tokens import behind_token
from signer.core.errors import Refused
from signer.core.transaction import TxOut
from signer.core.vault import RECEIVE

TOKENS = {
    "fungible": b"\xef" + b"\x11" * 32 + b"\x10\x2a",
    "unique": b"\xef" + b"\x11" * 32 + b"\x20",
    "minting, with a commitment": b"\xef" + b"\x11" * 32 + b"\x62\x02\xab\xcd",
    "cut short": b"\xef",
}


@pytest.fixture(scope="module", params=["p2sh", "p2sh32"])
def cash(request) -> World:
    """A vault of Bitcoin Cash."""
    return World(request.param, coin="BCH", scheme="schnorr")


def carrying(world: World, token: bytes) -> Coin:
    """A coin of the vault behind a token."""
    coin = world.coin(RECEIVE, 0)
    own = coin.tx.outputs[coin.vout]
    outputs = (coin.tx.outputs[0], TxOut(own.amount, token + own.script))
    return Coin(replace(coin.tx, outputs=outputs), 1, RECEIVE, 0)


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_coin_with_a_token_is_not_spent(cash, token):
    """Step 3, with the reason; whatever kind of token it is, and whole or not."""
    coin = carrying(cash, token)
    assert behind_token(coin.output.script) in (None, cash.vault.script(RECEIVE, 0).script_pubkey)
    raw = cash.bundle(coins=[cash.coins[1], coin])
    problem = refused(cash, raw, 3, "inputs.tokens", hint="a wallet that knows them")
    assert problem.found == coin.output.script.hex()


def test_nor_where_the_file_hides_it(cash):
    """What the file says of the coin beside its transaction does not count."""
    coin, plain = carrying(cash, TOKENS["fungible"]), cash.coin(RECEIVE, 0)

    def hide(draft):
        said = draft.inputs[0].psbt
        draft.inputs[0].psbt = said._replace(witness_utxo=plain.output)

    with pytest.raises(Refused) as caught:
        cash.examine(cash.bundle(coins=[coin], tamper=hide))
    assert [r.rule for r in caught.value.refusals] == ["inputs.witness_utxo"]
