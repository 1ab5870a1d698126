"""The floor: the curve operations that a job cannot do without, and nothing else.

They are called in libsecp256k1 itself, through the binding in use, in the cheapest way that cffi
has: buffers are made before, parents are parsed before, calls are bound to local names. All other
work (parsing, hashing, scripts, digests, writing) is done before the clock starts, and what is
left of Python is the loop. Keys are derived, as all others do it; ours tries the keys that a PSBT
names (docs/adr/0014-batch.md). Counted, for N inputs of an m-of-n vault:

    full       n N child keys (a multiplication of the generator, an addition, a compression);
               N secrets (an addition modulo the order); N signatures, each as often as grinding
               for a low r needs, compressed to DER
    settle     n N child keys as above, and m N signatures: parsed, their keys parsed, verified
    verify     the second half of `settle` alone: for those who do not derive when they combine
    addresses  n N child keys
    shared     `full`, one equal part of it on each core: what the machine itself gives to many
    parse      no curve: each input's map matched by the patterns that ours has, and its previous
               transaction hashed; nothing is compared, and nothing made of it

The results are the job's own: signatures, or how many are valid, or keys.
"""

import hashlib
import hmac
import json
import os

from btclib_secp256k1 import ffi, lib
from btclib_secp256k1.context import ctx

from bench.low_r import low_r
from bench.peers.ours import signer_key
from signer.core import secp
from signer.core.hashes import hash160, sha256d
from signer.core.psbt import Psbt, _pattern
from signer.core.transaction import _usual
from signer.core.vault import RECEIVE, Vault
from signer.sign.facts import read


def version():
    """Which curve."""
    return secp.version()


_ALL = slice(None)


class _Keys:
    """Children of the vault's keys: the tweaks are hashed before, the points are added here."""

    def __init__(self, vault, places):
        self._parents, self._tweaks = [], []
        for key in vault.keys:
            for branch in (0, 1):
                parent = key.xpub.derive(branch)
                point = ffi.new("secp256k1_pubkey *")
                lib.secp256k1_ec_pubkey_parse(ctx, point, parent.key, 33)
                mac = hmac.new(parent.chain_code, parent.key, hashlib.sha512)
                self._parents.append((point, mac, branch))
        for branch, index in places:
            for point, mac, known in self._parents:
                if known == branch:
                    copy = mac.copy()
                    copy.update(index.to_bytes(4, "big"))
                    self._tweaks.append((point, copy.digest()[:32]))

    def run(self, part=_ALL):
        """Derive them, all or a part; gives the compressed keys."""
        create, combine = lib.secp256k1_ec_pubkey_create, lib.secp256k1_ec_pubkey_combine
        serialize, buffer = lib.secp256k1_ec_pubkey_serialize, ffi.buffer
        context, term, total = ctx, ffi.new("secp256k1_pubkey *"), ffi.new("secp256k1_pubkey *")
        terms, out, size = ffi.new("secp256k1_pubkey *[2]"), ffi.new("unsigned char[33]"), _size(33)
        terms[1] = term
        found = []
        for point, tweak in self._tweaks[part]:
            create(context, term, tweak)
            terms[0] = point
            combine(context, total, terms, 2)
            serialize(context, out, size, total, 0x102)
            found.append(buffer(out)[:])
        return found


def _size(number):
    return ffi.new("size_t *", number)


def _facts(case):
    vault = Vault.parse(case.read("vault.json"))
    return vault, read(case.psbt, {vault.id: vault})


def full(case, *, ground):
    """As the module says."""
    vault, facts = _facts(case)
    keys = _Keys(vault, [(coin.branch, coin.index) for coin in facts.inputs])
    own = signer_key(case, vault)
    jobs = []
    for coin in facts.inputs:
        parent = own.branches[coin.branch]
        public = secp.public_key(parent.secret)
        tweak = hmac.digest(parent.chain_code, public + coin.index.to_bytes(4, "big"), "sha512")
        jobs.append((parent.secret, tweak[:32], coin.digest))
    sign = low_r if ground else _plain

    def run(part=_ALL):
        keys.run(part)
        add, context, secret = lib.secp256k1_ec_seckey_tweak_add, ctx, ffi.new("unsigned char[32]")
        move, found = ffi.memmove, []
        for parent, tweak, digest in jobs[part]:
            move(secret, parent, 32)
            add(context, secret, tweak)
            found.append(sign(digest, secret))
        return found

    def tell(found):
        names = [coin.key_of(own.fingerprint).hex() for coin in facts.inputs]
        rows = zip(names, found, strict=True)
        signatures = [[at, key, f"{der.hex()}01"] for at, (key, der) in enumerate(rows)]
        return json.dumps(signatures).encode()

    return run, tell


def shared(case, *, ground):
    """`full` in equal parts, each made by a process of its own; nothing is brought together."""
    part_of, _ = full(case, ground=ground)
    count = len(os.sched_getaffinity(0))

    def run():
        children = []
        for first in range(1, count):
            if not (child := os.fork()):
                part_of(slice(first, None, count))
                os._exit(0)
            children.append(child)
        part_of(slice(0, None, count))
        return [os.waitpid(child, 0)[1] for child in children]

    return run, lambda ends: b"%d" % sum(ends)


_SIGNATURE, _LENGTH = ffi.new("secp256k1_ecdsa_signature *"), _size(72)
_DER = ffi.new("unsigned char[72]")


def _plain(digest, secret):
    lib.secp256k1_ecdsa_sign(ctx, _SIGNATURE, digest, secret, ffi.NULL, ffi.NULL)
    _LENGTH[0] = 72
    lib.secp256k1_ecdsa_signature_serialize_der(ctx, _DER, _LENGTH, _SIGNATURE)
    return ffi.buffer(_DER, _LENGTH[0])[:]


def verify(case, *, ground):
    """The shares' signatures alone."""
    _, facts = _facts(case)
    jobs = [
        (coin.digest, one.signature[:-1], one.pubkey)
        for share in map(Psbt.parse, case.signed)
        for coin, said in zip(facts.inputs, share.inputs, strict=True)
        for one in said.partial_sigs
    ]

    def run():
        parse, check = lib.secp256k1_ecdsa_signature_parse_der, lib.secp256k1_ecdsa_verify
        read_key, context, valid = lib.secp256k1_ec_pubkey_parse, ctx, 0
        signature, point = ffi.new("secp256k1_ecdsa_signature *"), ffi.new("secp256k1_pubkey *")
        for digest, der, key in jobs:
            parse(context, signature, der, len(der))
            read_key(context, point, key, 33)
            valid += check(context, signature, digest, point)
        return valid

    return run, lambda valid: b"%d" % valid


def parse(case, *, ground):
    """As the module says."""
    data, psbt = case.psbt, Psbt.parse(case.psbt)
    usual, after = _usual()[0].fullmatch, _pattern(psbt.inputs[0])[0].match
    spans, at = [], 0
    for said in psbt.inputs:
        start = data.index(said.previous_tx.raw, at)
        at = start + len(said.previous_tx.raw)
        spans.append((start, at))

    def run():
        for start, end in spans:
            usual(data, start, end).groups()
            sha256d(data[start:end])
            after(data, end).groups()
        return len(spans)

    return run, lambda count: b"%d" % count


def settle(case, *, ground):
    """Keys and signatures."""
    vault, facts = _facts(case)
    keys = _Keys(vault, [(coin.branch, coin.index) for coin in facts.inputs])
    run, tell = verify(case, ground=ground)

    def both():
        keys.run()
        return run()

    return both, tell


def addresses(case, *, ground):
    """Keys alone."""
    vault = Vault.parse(case.read("vault.json"))
    keys = _Keys(vault, [(RECEIVE, index) for index in range(case.count)])
    return keys.run, lambda found: hash160(b"".join(found))


JOBS = {
    "full": full,
    "shared": shared,
    "settle": settle,
    "verify": verify,
    "addresses": addresses,
    "parse": parse,
}
