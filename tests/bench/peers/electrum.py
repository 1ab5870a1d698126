"""Electrum (Debian's package), by the functions that its wallets call.

It checks previous transactions against outpoints and claims itself. A wallet file is not made: the
scripts are derived here from its BIP32 nodes, as its `Multisig_Wallet` does. It verifies what it
has signed, and no signature when it combines.
"""

from electrum import bitcoin, constants, ecc
from electrum.bip32 import BIP32Node
from electrum.crypto import hash_160
from electrum.transaction import PartialTransaction, multisig_script
from electrum.version import ELECTRUM_VERSION

constants.set_regtest()


def version():
    """Its own."""
    return f"Electrum {ELECTRUM_VERSION}"


class _Wallet:
    def __init__(self, case):
        self.threshold, self.script_type = case.threshold, case.script_type
        accounts = [BIP32Node.from_xkey(xpub) for xpub in case.xpubs]
        self._branches = [
            [node.subkey_at_public_derivation((branch,)) for node in accounts] for branch in (0, 1)
        ]
        own = BIP32Node.from_xkey(case.account)
        self._own = [own.subkey_at_private_derivation((branch,)) for branch in (0, 1)]

    def keys(self, branch, index):
        """The public keys, the first signer's first."""
        nodes = self._branches[branch]
        return [n.subkey_at_public_derivation((index,)).eckey.get_public_key_hex() for n in nodes]

    def address(self, keys):
        """Of the multisig over these keys."""
        script = multisig_script(sorted(keys), self.threshold)
        if self.script_type == "p2wsh":
            return bitcoin.script_to_p2wsh(script)
        nested = self.script_type == "p2sh-p2wsh"
        redeem = bitcoin.p2wsh_nested_script(script) if nested else script
        return bitcoin.hash160_to_p2sh(hash_160(bytes.fromhex(redeem)))

    def secret(self, branch, index):
        """The first signer's secret."""
        node = self._own[branch].subkey_at_private_derivation((index,))
        return node.eckey.get_secret_bytes()

    def paid(self, said, address):
        """The keys of a place in the wallet, if an address is the one there."""
        path = next(iter(said.bip32_paths.values()))[1]
        keys = self.keys(path[-2], path[-1])
        if self.address(keys) != address:
            raise ValueError("not the wallet's")
        return path[-2:], keys


def _told(txin, wallet):
    """What a wallet says of its coins, for the signer and the finaliser."""
    kind = wallet.script_type
    txin.script_type = "p2wsh-p2sh" if kind == "p2sh-p2wsh" else kind  # as Electrum calls it
    txin.num_sig = wallet.threshold
    txin.pubkeys = sorted(txin.bip32_paths)


def _checked(tx, wallet):
    keypairs = {}
    for txin in tx.inputs():
        if txin.utxo is None:
            raise ValueError("no previous transaction")
        txin.validate_data(for_signing=True)
        place, keys = wallet.paid(txin, txin.utxo.outputs()[txin.prevout.out_idx].address)
        _told(txin, wallet)
        keypairs[keys[0]] = wallet.secret(*place), True
    for txout in tx.outputs():
        if txout.bip32_paths:
            wallet.paid(txout, txout.address)
    return keypairs


def full(case, *, ground):
    """As for us."""
    raw, wallet = case.psbt, _Wallet(case)
    ecc.ENABLE_ECDSA_R_VALUE_GRINDING = ground

    def run():
        tx = PartialTransaction.from_raw_psbt(raw)
        tx.sign(_checked(tx, wallet))
        return tx.serialize_as_bytes(force_psbt=True)

    return run, bytes


def parse(case, *, ground):
    """Parse, and nothing else."""
    raw = case.psbt
    return (
        lambda: PartialTransaction.from_raw_psbt(raw),
        lambda tx: bytes.fromhex(tx.serialize_to_network(include_sigs=False)),
    )


def settle(case, *, ground):
    """Combine, finalise, extract."""
    shares = case.signed

    def run():
        first, *others = map(PartialTransaction.from_raw_psbt, shares)
        for other in others:
            first.combine_with_other_psbt(other)
        for txin in first.inputs():
            _told(txin, case)
        first.finalize_psbt()
        return first

    return run, lambda tx: bytes.fromhex(tx.serialize_to_network())


def addresses(case, *, ground):
    """Derive the first receive addresses."""
    wallet, count = _Wallet(case), case.count
    return (
        lambda: [wallet.address(wallet.keys(0, at)) for at in range(count)],
        lambda found: "\n".join(found).encode(),
    )


JOBS = {"full": full, "parse": parse, "settle": settle, "addresses": addresses}
