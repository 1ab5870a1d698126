"""Whether an accepted bundle should have been: the invariant, checked by strangers to the signer.

Nothing here is the signer's: the PSBT and the transaction are read by libwally, the vault's
scripts and the digests are derived by libwally, documents are read by the standard library, and
the policy is stated again in `restated.py`. What officers approved is not read from the bundle: it
comes from the ledger that the world keeps of what really happened.
"""

import base64
import hashlib
import importlib
import json
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from signer.redteam import restated
from signer.redteam.restated import Table, Witnessed

GAP: Final = 20
"""How far beyond its withdrawal's number a change index may lie (docs/adr/0003)."""

PRECOMPUTED: Final = 64
"""Indexes of each branch that are derived beforehand; the worlds use fewer than half of them."""

_MAGIC: Final = b"psbt\xff"
_OURS: Final = b"\xfc\x0acoldquorum"
_USE_WITNESS: Final = 0x01
_ALL: Final = 0x01
_FINAL: Final = 0xFFFFFFFF
_SIGNATURE: Final = 72
_NETWORKS: Final = {"main": 0x01, "test": 0x02, "signet": 0x02, "regtest": 0xFF}


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that a signer accepted and must not have.

    Attributes:
        rule: of the invariant, a dotted name.
        expected: what should have been.
        found: what was.
    """

    rule: str
    expected: str
    found: str


@dataclass(slots=True)
class Seat:
    """What is known of the signer that is asked, from what it was given before.

    Attributes:
        signed: ids of the withdrawals that it has signed or approved, by sequence number.
        height: the largest of their heights.
        policy: id of the newest policy that it knows.
        voided: ids of withdrawals that it knows to be void.
    """

    signed: dict[int, str] = field(default_factory=dict)
    height: int = 0
    policy: str = ""
    voided: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Ledger:
    """What really happened, as the world that made it knows.

    Attributes:
        vault: payload of the vault's document.
        policies: payloads of policies, by id.
        admins: honest officers who signed a policy, by its id.
        waiting: ids of policies that loosen something.
        withdrawals: payloads of withdrawals that honest officers were shown, by id.
        approvals: honest officers who approved a withdrawal, by its id.
        corrupt: officers whose approval keys the thief has.
        coins: amount and script (hex) of every coin that exists, by `txid:vout`.
    """

    vault: Table
    policies: dict[str, Table] = field(default_factory=dict)
    admins: dict[str, list[str]] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    withdrawals: dict[str, Table] = field(default_factory=dict)
    approvals: dict[str, list[str]] = field(default_factory=dict)
    corrupt: list[str] = field(default_factory=list)
    coins: dict[str, tuple[int, str]] = field(default_factory=dict)


def load() -> Any:
    """Libwally, past the warnings of its generated code; raises ImportError if it is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("wallycore")


@dataclass(frozen=True, slots=True)
class _Scripts:
    """A vault's scripts as libwally derives them."""

    places: dict[bytes, tuple[int, int]]
    witness_scripts: dict[bytes, bytes]
    threshold: int
    nested: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """A bundle as libwally and the standard library read it."""

    transaction: Any
    inputs: list[tuple[str, int, int, Any]]
    outputs: list[tuple[int, bytes]]
    version: int
    lock_time: int
    withdrawal: str
    signers: set[str]
    carried: dict[str, Table]
    policies: list[str]


class Oracle:
    """Judges what a signer accepted.

    Args:
        ledger: of the world in which it happened.

    Raises:
        ImportError: libwally is not installed.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._wally = load()
        self._scripts = _scripts(str(ledger.vault["descriptor"]), str(ledger.vault["network"]))

    def judge(
        self, raw: bytes, digests: Sequence[bytes] | None, seat: Seat
    ) -> tuple[Violation, ...]:
        """Everything that is wrong with a bundle that a signer accepted.

        Args:
            raw: the PSBT.
            digests: what the signer would sign, for each input; None if it would not.
            seat: what the signer knew before.
        """
        try:
            read = self._read(raw)
        except (ValueError, KeyError, IndexError, TypeError, RuntimeError) as error:
            return (Violation("bundle.readable", "a PSBT that others can read", repr(error)),)
        head = self.ledger.withdrawals.get(read.withdrawal)
        if head is None:
            found = f"withdrawal {read.withdrawal}"
            return (Violation("withdrawal.approved", "one that honest officers were shown", found),)
        unknown = [name for name in read.policies if name not in self.ledger.policies]
        if unknown:
            return (Violation("policy.approved", "ones that honest admins were shown", unknown[0]),)
        problems = self._coins(read, digests)
        corrupt = self.ledger.corrupt
        if digests is None:
            # Against what was refused, a corrupt officer counts only by having signed it.
            keys = self.ledger.policies[seat.policy]["officers"]
            corrupt = [name for name in corrupt if keys.get(name) in read.signers]
        return tuple(problems or self._terms(read, head, seat, corrupt))

    def _coins(self, read: _Read, digests: Sequence[bytes] | None) -> list[Violation]:
        """Each input is a coin of the vault, and what is signed is this transaction as it is."""
        found = []
        for at, (txid, vout, sequence, _) in enumerate(read.inputs):
            coin = self._coin(read, at)
            if coin is None or coin[1] not in self._scripts.places:
                found.append(Violation("input.coin", "a coin of the vault", f"{txid}:{vout}"))
                continue
            digest = digests is not None and self._wally.tx_get_btc_signature_hash(
                read.transaction,
                at,
                self._scripts.witness_scripts[coin[1]],
                coin[0],
                _ALL,
                _USE_WITNESS,
            )
            if digests is not None and digests[at : at + 1] != [bytes(digest)]:
                found.append(Violation("input.digest", bytes(digest).hex(), f"input {at}"))
            if sequence == _FINAL:
                found.append(Violation("input.final", "not final", f"{sequence:#x}"))
        if digests is not None and len(digests) != len(read.inputs):
            found.append(Violation("input.count", str(len(read.inputs)), str(len(digests))))
        return found

    def _coin(self, read: _Read, at: int) -> tuple[int, bytes] | None:
        """A coin's true amount and script: by its transaction's hash, or the world knows it."""
        txid, vout, _, previous = read.inputs[at]
        if previous is not None:
            name = bytes(self._wally.tx_get_txid(previous))[::-1].hex()
            if name == txid and vout < self._wally.tx_get_num_outputs(previous):
                return (
                    self._wally.tx_get_output_satoshi(previous, vout),
                    bytes(self._wally.tx_get_output_script(previous, vout)),
                )
        known = self.ledger.coins.get(f"{txid}:{vout}")
        return None if known is None else (known[0], bytes.fromhex(known[1]))

    def _terms(
        self, read: _Read, head: Table, seat: Seat, corrupt: Sequence[str]
    ) -> list[Violation]:
        """What leaves is what was approved, and the policy, stated again, allows it."""
        newest = max((seat.policy, *read.policies), key=self._epoch)
        now = max(int(head["height"]), seat.height)
        policy = self.ledger.policies[restated.governing(newest, now, self.ledger)]
        outputs = Counter((script, amount) for amount, script in read.outputs)
        payments = Counter(
            (self._script_of(str(p["address"])), int(p["amount"])) for p in head["payments"]
        )
        change = outputs - payments
        limit = int(head["sequence"]) + GAP
        foreign = [
            f"{amount} sat to {script.hex()}"
            for script, amount in change.elements()
            if self._scripts.places.get(script, (0, 0))[0] != 1
            or self._scripts.places[script][1] >= limit
        ]
        spent = [coin for at in range(len(read.inputs)) if (coin := self._coin(read, at))]
        fee = sum(amount for amount, _ in spent) - sum(amount for amount, _ in read.outputs)
        anchor = f"{head['anchor']['txid']}:{head['anchor']['vout']}"
        history, gap = _history(head, read.carried, self.ledger.withdrawals)
        witnessed = Witnessed(
            head=head,
            policy=policy,
            voices=[*self.ledger.approvals.get(read.withdrawal, ()), *corrupt],
            history=history,
            carried=[one for one in history if _id(one) in read.carried],
            complete=not gap,
            paid=[(script, amount) for script, amount in payments.elements()],
            change=change.total(),
            outputs=[(script, amount) for amount, script in read.outputs],
            inputs=len(read.inputs),
            fee=fee,
            vsize=self._vsize(read),
            script_of=self._script_of,
            wallet=self._wallet,
        )
        checks = (
            (
                "outputs.payments",
                not payments - outputs,
                "every approved payment",
                "one is missing",
            ),
            ("outputs.foreign", not foreign, "payments and change only", "; ".join(foreign)),
            ("anchor", anchor in [f"{i[0]}:{i[1]}" for i in read.inputs], anchor, "not spent"),
            ("lock_time", read.lock_time == head["height"], head["height"], read.lock_time),
            ("version", read.version == 2, 2, read.version),  # noqa: PLR2004 -- BIP68
            ("fee.sum", fee >= 0, "0 or more", fee),
            ("distinct", len({i[:2] for i in read.inputs}) == len(read.inputs), "each once", ""),
        )
        found = [Violation(rule, str(a), str(b)) for rule, passed, a, b in checks if not passed]
        found += self._memory(read, head, policy, history, seat)
        return found + [Violation(*one) for one in restated.broken(witnessed)]

    def _memory(
        self, read: _Read, head: Table, policy: Table, history: Sequence[Table], seat: Seat
    ) -> list[Violation]:
        """One withdrawal for each number, one chain, and never back to an older policy."""
        found = []
        for one in (*history, head):
            name, sequence = _id(one), int(one["sequence"])
            if seat.signed.get(sequence, name) != name:
                found.append(Violation("chain.one", seat.signed[sequence], f"{sequence}: {name}"))
        if int(head["expiry"]) < seat.height:
            found.append(Violation("withdrawal.expired", f"{seat.height}", str(head["expiry"])))
        if _id(head) in seat.voided:
            found.append(Violation("chain.voided", "one that lives", _id(head)))
        missing = restated.admins_missing(policy, self.ledger)
        if missing:
            found.append(Violation("policy.admins", "old and new quorum", missing))
        if head["purpose"] != "void" and head["policy"] != _id(policy):
            found.append(Violation("policy.governing", _id(policy), str(head["policy"])))
        newest = max((seat.policy, *read.policies), key=self._epoch)
        if not read.policies or read.policies[-1] not in restated.alive(newest, self.ledger):
            found.append(Violation("policy.rollback", newest, str(read.policies[-1:])))
        for name in read.policies:
            early = restated.loosened_early(
                name, seat.policy, _under_old(read, name, seat), self.ledger
            )
            if early:
                found.append(Violation("policy.delay", early, name))
        return found

    def _epoch(self, policy: str) -> int:
        return int(self.ledger.policies[policy]["epoch"])

    def _vsize(self, read: _Read) -> int:
        """Virtual bytes of the finished transaction, each signature at its longest."""
        weight: int = 4 * self._wally.tx_get_length(read.transaction, 0) + 2
        for at in range(len(read.inputs)):
            coin = self._coin(read, at)
            script = self._scripts.witness_scripts[coin[1]] if coin else b""
            witness = 2 + self._scripts.threshold * (1 + _SIGNATURE) + len(script)
            weight += witness + (1 if len(script) < 0xFD else 3)  # noqa: PLR2004 -- compact size
            weight += 4 * 35 if self._scripts.nested else 0
        return -(-weight // 4)

    def _script_of(self, address: str) -> bytes:
        return _script_of(address, str(self.ledger.vault["network"]))

    def _wallet(self, descriptor: str, count: int) -> frozenset[bytes]:
        return _wallet(descriptor, count, str(self.ledger.vault["network"]))

    def _read(self, raw: bytes) -> _Read:
        wally = self._wally
        own, tx, coins = self._map(raw)
        inputs = [
            (
                bytes(wally.tx_get_input_txhash(tx, at))[::-1].hex(),
                wally.tx_get_input_index(tx, at),
                wally.tx_get_input_sequence(tx, at),
                coins[at],
            )
            for at in range(wally.tx_get_num_inputs(tx))
        ]
        outputs = [
            (wally.tx_get_output_satoshi(tx, at), bytes(wally.tx_get_output_script(tx, at)))
            for at in range(wally.tx_get_num_outputs(tx))
        ]
        approved = json.loads(own[0])
        payload = base64.b64decode(approved["payload"])
        carried = [table(item) for item in _items(own[1])]
        policies = [base64.b64decode(json.loads(item)["payload"]) for item in _items(own[2])]
        return _Read(
            tx,
            inputs,
            outputs,
            wally.tx_get_version(tx),
            wally.tx_get_locktime(tx),
            hashlib.sha256(payload).hexdigest(),
            {str(one["keyid"]) for one in approved["signatures"]},
            {_id(one): one for one in carried},
            [_sha256(payload) for payload in policies],
        )

    def _map(self, raw: bytes) -> tuple[dict[int, bytes], Any, list[Any]]:
        """Our documents, the transaction, and the transactions that made its coins.

        Libwally does not take an empty script in an output's map, which changes nothing about the
        transaction; then the maps are walked here, and libwally reads what is in them.
        """
        wally = self._wally
        fields, place = _fields(raw, len(_MAGIC))
        own = {
            _size(key, len(_OURS))[0]: value
            for key, value in fields.items()
            if key.startswith(_OURS)
        }
        tx = wally.tx_from_bytes(fields[b"\x00"], 0)
        count = wally.tx_get_num_inputs(tx)
        try:
            psbt = wally.psbt_from_bytes(raw, 0)
        except ValueError:
            coins = []
            for _ in range(count):
                fields, place = _fields(raw, place)
                coins.append(wally.tx_from_bytes(fields[b"\x00"], 0))
            return own, tx, coins
        return (
            own,
            wally.psbt_get_global_tx(psbt),
            [wally.psbt_get_input_utxo(psbt, at) for at in range(count)],
        )


def _id(table: Table) -> str:
    return str(table["__id__"])


def table(payload: bytes) -> Table:
    """A payload as a table that knows its id."""
    read: dict[str, Any] = json.loads(payload)
    return read | {"__id__": _sha256(payload)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _history(
    head: Table, carried: dict[str, Table], known: dict[str, Table]
) -> tuple[list[Table], bool]:
    """The withdrawals before one, newest first, along the hashes; and whether a link is missing."""
    found: list[Table] = []
    name = head["previous"]
    while name is not None:
        link = known.get(str(name)) or carried.get(str(name))
        if link is None:
            return found, True
        found.append(link)
        name = link["previous"]
    return found, False


def _under_old(read: _Read, policy: str, seat: Seat) -> int:
    """The largest height that is verified to have been under another policy."""
    carried = [int(one["height"]) for one in read.carried.values() if one["policy"] != policy]
    return max((seat.height, *carried))


def _fields(raw: bytes, place: int) -> tuple[dict[bytes, bytes], int]:
    """The fields of one map of a PSBT, and where the next map starts."""
    found: dict[bytes, bytes] = {}
    while True:
        size, place = _size(raw, place)
        if size == 0:
            return found, place
        key, place = raw[place : place + size], place + size
        length, place = _size(raw, place)
        found[key], place = raw[place : place + length], place + length


def _items(data: bytes) -> list[bytes]:
    count, place = _size(data, 0)
    found = []
    for _ in range(count):
        length, place = _size(data, place)
        found.append(data[place : place + length])
        place += length
    return found


def _size(data: bytes, place: int) -> tuple[int, int]:
    first = data[place]
    width = {0xFD: 2, 0xFE: 4, 0xFF: 8}.get(first, 0)
    if not width:
        return first, place + 1
    return int.from_bytes(data[place + 1 : place + 1 + width], "little"), place + 1 + width


@cache
def _script_of(address: str, network: str) -> bytes:
    wally = load()
    try:
        return _scripted(wally, address, network)
    except ValueError:
        return b"no address: " + address.encode()  # equals no script


def _scripted(wally: Any, address: str, network: str) -> bytes:
    family = "bcrt" if network == "regtest" else "bc" if network == "main" else "tb"
    if address.lower().startswith(f"{family}1"):
        return bytes(wally.addr_segwit_to_bytes(address, family, 0))
    return bytes(wally.address_to_scriptpubkey(address, _NETWORKS[network]))


@cache
def _wallet(descriptor: str, count: int, network: str) -> frozenset[bytes]:
    wally = load()
    parsed = wally.descriptor_parse(descriptor, None, _NETWORKS[network], 0)
    paths = max(1, wally.descriptor_get_num_paths(parsed))
    return frozenset(
        bytes(wally.descriptor_to_script(parsed, 0, 0, 0, path, index, 0))
        for path in range(paths)
        for index in range(count)
    )


@cache
def _scripts(descriptor: str, network: str) -> _Scripts:
    wally = load()
    parsed = wally.descriptor_parse(descriptor, None, _NETWORKS[network], 0)
    nested = descriptor.startswith("sh(")
    places, witness_scripts = {}, {}
    for branch in (0, 1):
        for index in range(PRECOMPUTED):
            script = bytes(wally.descriptor_to_script(parsed, 0, 0, 0, branch, index, 0))
            inner = wally.descriptor_to_script(parsed, 2 if nested else 1, 0, 0, branch, index, 0)
            places[script] = branch, index
            witness_scripts[script] = bytes(inner)
    threshold = int(descriptor.partition("sortedmulti(")[2].partition(",")[0])
    return _Scripts(places, witness_scripts, threshold, nested)
