"""btclib-wallet, in Python; its curve is libsecp256k1 if its binding is installed.

Its signer checks previous transactions, and that a key is where the PSBT says. What the descriptor
says is compared here. When it extracts, it runs its own script interpreter over every input.
It always grinds for a low r.
"""

from btclib_wallet.descriptors import descriptors
from btclib_wallet.psbt import psbt as roles
from btclib_wallet.psbt_signer import SoftwareSigner


def version():
    """Its own."""
    from importlib.metadata import version as of

    return f"btclib-wallet {of('btclib-wallet')}"


def _branches(case):
    return [descriptors.parse(case.branch(branch), "regtest") for branch in (0, 1)]


def _script(branches, claims):
    path = next(iter(claims.values())).der_path
    return branches[path[-2]].script_pub_key(path[-1]).script


def _check(psbt, branches):
    tx = psbt.tx
    for at, (said, txin) in enumerate(zip(psbt.inputs, tx.vin, strict=True)):
        spent = said.non_witness_utxo.vout[txin.prev_out.vout]
        if _script(branches, said.hd_key_paths) != spent.script_pub_key.script:
            raise ValueError(f"input {at}: not the wallet's")
    for at, (said, txout) in enumerate(zip(psbt.outputs, tx.vout, strict=True)):
        if said.hd_key_paths and (
            _script(branches, said.hd_key_paths) != txout.script_pub_key.script
        ):
            raise ValueError(f"output {at}: not the wallet's")


def full(case, *, ground):
    """As for us; signed with the master key."""
    raw, branches, signer = case.psbt, _branches(case), SoftwareSigner(case.root)

    def run():
        psbt = roles.Psbt.parse(raw)
        _check(psbt, branches)
        return signer.sign_psbt(psbt).serialize()

    return run, bytes


def parse(case, *, ground):
    """Parse, and nothing else."""
    raw = case.psbt
    return lambda: roles.Psbt.parse(raw), lambda psbt: psbt.tx.serialize(include_witness=False)


def settle(case, *, ground):
    """Combine, finalise, extract."""
    shares = case.signed

    def run():
        whole = roles.combine([roles.Psbt.parse(raw) for raw in shares])
        return roles.extract_tx(roles.finalize(whole), max_fee_rate=None)

    return run, lambda tx: tx.serialize(include_witness=True)


def addresses(case, *, ground):
    """Derive the first receive addresses."""
    receive, count = _branches(case)[0], case.count
    return (
        lambda: [receive.address(at) for at in range(count)],
        lambda found: "\n".join(found).encode(),
    )


JOBS = {"full": full, "parse": parse, "settle": settle, "addresses": addresses}
