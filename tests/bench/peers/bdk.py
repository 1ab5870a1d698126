"""BDK, in Rust, through its Python binding. It reads and writes base64 only.

Its `sign` checks previous transactions itself; whether a coin is the wallet's is asked here, with
an address derived afresh for each. `settle` does not verify signatures apart: BDK's finaliser
(rust-miniscript) does.
"""

import base64

import bdkpython as bdk


def version():
    """Its own."""
    from importlib.metadata import version as of

    return f"bdkpython {of('bdkpython')}"


def _wallet(case, *, private):
    kind = bdk.NetworkKind.TEST
    both = [bdk.Descriptor(case.branch(branch, private=private), kind) for branch in (0, 1)]
    return bdk.Wallet(*both, bdk.Network.REGTEST, bdk.Persister.new_in_memory())


_KEYCHAINS = (bdk.KeychainKind.EXTERNAL, bdk.KeychainKind.INTERNAL)


def _script(wallet, derivations):
    steps = next(iter(derivations.values())).path.to_u32_vec()
    address = wallet.peek_address(_KEYCHAINS[steps[-2]], steps[-1])
    return address.address.script_pubkey().to_bytes()


def _check(psbt, wallet):
    tx = psbt.extract_tx_unchecked_fee_rate()
    pairs = zip(psbt.input(), tx.input(), strict=True)
    for at, (said, txin) in enumerate(pairs):
        previous, outpoint = said.non_witness_utxo, txin.previous_output
        if previous is None or str(previous.compute_txid()) != str(outpoint.txid):
            raise ValueError(f"input {at}: another previous transaction")
        spent = previous.output()[outpoint.vout]
        script, claimed = spent.script_pubkey.to_bytes(), said.witness_utxo
        if claimed is not None and (
            claimed.value.to_sat() != spent.value.to_sat()
            or claimed.script_pubkey.to_bytes() != script
        ):
            raise ValueError(f"input {at}: lies about its coin")
        if _script(wallet, said.bip32_derivation) != script:
            raise ValueError(f"input {at}: not the wallet's")
    for at, (said, txout) in enumerate(zip(psbt.output(), tx.output(), strict=True)):
        if said.bip32_derivation and (
            _script(wallet, said.bip32_derivation) != txout.script_pubkey.to_bytes()
        ):
            raise ValueError(f"output {at}: not the wallet's")


def full(case, *, ground):
    """As for us; signed with the account's key in the descriptor."""
    raw, wallet = case.psbt, _wallet(case, private=True)
    options = bdk.SignOptions(
        trust_witness_utxo=False,
        assume_height=None,
        allow_all_sighashes=False,
        try_finalize=False,
        sign_with_tap_internal_key=False,
        allow_grinding=ground,
    )

    def run():
        psbt = bdk.Psbt(base64.b64encode(raw).decode())
        _check(psbt, wallet)
        wallet.sign(psbt, options)
        return base64.b64decode(psbt.serialize())

    return run, bytes


def parse(case, *, ground):
    """Parse, and nothing else."""
    raw = case.psbt
    return (
        lambda: bdk.Psbt(base64.b64encode(raw).decode()),
        lambda psbt: psbt.extract_tx_unchecked_fee_rate().serialize(),
    )


def settle(case, *, ground):
    """Combine, finalise, extract."""
    shares = case.signed

    def run():
        first, *others = (bdk.Psbt(base64.b64encode(raw).decode()) for raw in shares)
        for other in others:
            first = first.combine(other)
        done = first.finalize()
        if not done.could_finalize:
            raise ValueError(f"cannot finalise: {done.errors}")
        return done.psbt.extract_tx()

    return run, lambda tx: tx.serialize()


def addresses(case, *, ground):
    """Derive the first receive addresses."""
    wallet, count = _wallet(case, private=False), case.count
    return (
        lambda: [wallet.peek_address(_KEYCHAINS[0], at).address for at in range(count)],
        lambda found: "\n".join(map(str, found)).encode(),
    )


JOBS = {"full": full, "parse": parse, "settle": settle, "addresses": addresses}
