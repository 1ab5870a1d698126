"""libwally, in C; its Python binding moves handles.

It parses strictly, and checks of itself that a previous transaction is the one spent. What the
descriptor says is compared here. Its `psbt_finalize` verifies no signature, and neither does this.
"""

import struct
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import wallycore as wally


def version():
    """Its own."""
    from importlib.metadata import version as of

    return f"wallycore {of('wallycore')}"


def _descriptor(case):
    body = case.descriptor.partition("#")[0]
    return wally.descriptor_parse(body, None, wally.WALLY_NETWORK_BITCOIN_REGTEST, 0)


def _script(descriptor, branch, index):
    return bytes(wally.descriptor_to_script(descriptor, 0, 0, 0, branch, index, 0))


def _place(keypath_of, psbt, at):
    return struct.unpack("<II", bytes(keypath_of(psbt, at, 0))[-8:])


def _check(psbt, descriptor):
    tx = wally.psbt_get_global_tx(psbt)
    for at in range(wally.psbt_get_num_inputs(psbt)):
        txid, vout = bytes(wally.tx_get_input_txhash(tx, at)), wally.tx_get_input_index(tx, at)
        previous = wally.psbt_get_input_utxo(psbt, at)
        if previous is None or bytes(wally.tx_get_txid(previous)) != txid:
            raise ValueError(f"input {at}: another previous transaction")
        spent = bytes(wally.tx_get_output_script(previous, vout))
        if said := wally.psbt_get_input_witness_utxo(psbt, at):
            claimed = wally.tx_output_get_script(said), wally.tx_output_get_satoshi(said)
            true = spent, wally.tx_get_output_satoshi(previous, vout)
            if (bytes(claimed[0]), claimed[1]) != true:
                raise ValueError(f"input {at}: lies about its coin")
        place = _place(wally.psbt_get_input_keypath, psbt, at)
        if _script(descriptor, *place) != spent:
            raise ValueError(f"input {at}: not the wallet's")
    for at in range(wally.psbt_get_num_outputs(psbt)):
        if wally.psbt_get_output_keypaths_size(psbt, at):
            place = _place(wally.psbt_get_output_keypath, psbt, at)
            if _script(descriptor, *place) != bytes(wally.tx_get_output_script(tx, at)):
                raise ValueError(f"output {at}: not the wallet's")


def full(case, *, ground):
    """As for us; signed with the master key, by which it finds its inputs."""
    raw, descriptor = case.psbt, _descriptor(case)
    root = wally.bip32_key_from_base58(case.root)
    flags = wally.EC_FLAG_GRIND_R if ground else 0

    def run():
        psbt = wally.psbt_from_bytes(raw, wally.WALLY_PSBT_PARSE_FLAG_STRICT)
        wally.psbt_signing_cache_enable(psbt, 0)
        _check(psbt, descriptor)
        wally.psbt_sign_bip32(psbt, root, flags)
        return wally.psbt_to_bytes(psbt, 0)

    return run, bytes


def parse(case, *, ground):
    """Parse, and nothing else."""
    raw = case.psbt
    return (
        lambda: wally.psbt_from_bytes(raw, wally.WALLY_PSBT_PARSE_FLAG_STRICT),
        lambda psbt: bytes(wally.tx_to_bytes(wally.psbt_get_global_tx(psbt), 0)),
    )


def settle(case, *, ground):
    """Combine, finalise, extract."""
    shares = case.signed

    def run():
        first, *others = (
            wally.psbt_from_bytes(raw, wally.WALLY_PSBT_PARSE_FLAG_STRICT) for raw in shares
        )
        for other in others:
            wally.psbt_combine(first, other)
        wally.psbt_finalize(first, 0)
        return wally.psbt_extract(first, wally.WALLY_PSBT_EXTRACT_FINAL)

    return run, lambda tx: bytes(wally.tx_to_bytes(tx, wally.WALLY_TX_FLAG_USE_WITNESS))


def addresses(case, *, ground):
    """Derive the first receive addresses, in one call."""
    descriptor, count = _descriptor(case), case.count
    return (
        lambda: wally.descriptor_to_addresses(descriptor, 0, 0, 0, 0, count),
        lambda found: "\n".join(found).encode(),
    )


JOBS = {"full": full, "parse": parse, "settle": settle, "addresses": addresses}
