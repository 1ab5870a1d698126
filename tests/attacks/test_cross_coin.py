"""One set of officers guards three coins: what is meant for one of them is brought to another.

On main networks each coin has keys of its own (SLIP-44); on test networks all have the same, so
that nothing but the documents tells a vault of one coin from a vault of another. Monacoin and
Bitcoin sign the very same digests: there, isolation is wholly the signers' work.
"""

import itertools
import json
from dataclasses import replace
from functools import cache

import pytest
from world import NAMES, World

from policies.envelope import Envelope
from policies.withdrawal import VOID, Withdrawal, approve_check
from signer.build.typed import typed_address
from signer.carry.history import read_history, write_history
from signer.carry.wallets import keyfile
from signer.core import schnorr, secp
from signer.core.coins import COINS, network
from signer.core.descriptor import Descriptor, bip48_path, checksum
from signer.core.errors import BadInput, Refused
from signer.core.psbt import PartialSig
from signer.core.sighash import ALL, FORKID
from signer.core.transaction import Transaction, TxIn, TxOut
from signer.core.vault import RECEIVE, Vault
from signer.settle.combine import Source, combine
from signer.sign import facts
from signer.sign.check import examine
from signer.sign.facts import enrolled
from signer.sign.state import State, trusted

PAIRS = [*itertools.product(COINS, COINS)]
CROSS = [(mine, theirs) for mine, theirs in PAIRS if mine != theirs]
NETWORKS = ["main", "regtest"]


@cache
def vault_of(coin, net="main", scheme="ecdsa", script_type="p2sh"):
    """The world of one coin: P2SH, which all three have, and always the same people."""
    return World(script_type, network_name=net, coin=coin, scheme=scheme)


def every_vault(net):
    """What a signer knows who has enrolled a vault of each coin."""
    known = {}
    for coin in COINS:
        known |= vault_of(coin, net).enrolments()
    return known


def refusals(call, *arguments, **named):
    """The steps and rules by which something is refused."""
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    assert caught.value.hint
    return [(r.step, r.rule) for r in caught.value.refusals]


def relabelled(envelope, world):
    """A withdrawal's envelope for another coin: the payload changed, the signatures kept."""
    meant = Withdrawal.parse(envelope.payload)
    there = {"coin": world.vault.coin, "network": world.vault.network, "vault": world.vault.id}
    payload = replace(meant, **there, policy=world.policy.id).payload
    return replace(Envelope.wrap("withdrawal", payload), signatures=envelope.signatures)


# what is the same, and what is not


def test_each_coin_has_keys_of_its_own_on_main():
    """Same seeds, same script type: 48h/0h, 48h/145h, 48h/22h, and no key twice."""
    seen = {}
    for coin in COINS:
        vault = vault_of(coin).vault
        for key in vault.keys:
            assert key.origin.path == bip48_path(network(coin, "main"), "p2sh")
            seen[key.xpub.key] = coin
    assert len(seen) == len(COINS) * len(NAMES)


def test_on_test_networks_the_keys_are_the_same_and_the_vaults_are_not():
    """SLIP-44 gives all test networks the coin type 1: the id alone tells the vaults apart."""
    vaults = [vault_of(coin, "regtest").vault for coin in COINS]
    assert len({vault.descriptor for vault in vaults}) == 1
    assert len({vault.script(RECEIVE, 0).script_pubkey for vault in vaults}) == 1
    assert len({vault.id for vault in vaults}) == len(COINS)


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), CROSS)
def test_coin_and_network_are_in_every_id(ours, theirs, net):
    """Vault, policy and withdrawal: change the label alone, and the id is another."""
    world = vault_of(ours, net)
    for document in (world.policy, world.withdrawal()):
        assert replace(document, coin=theirs).id != document.id
        assert replace(document, network="test").id != document.id
    for label, other in ((ours, theirs), (net, "test")):
        changed = world.vault.payload.replace(f'"{label}"'.encode(), f'"{other}"'.encode())
        assert changed != world.vault.payload
        assert replace(world.vault, payload=changed).id != world.vault.id


def test_monacoin_and_bitcoin_sign_the_same_digest():
    """The same script and coin: without documents, a signature for one is good for the other."""
    bitcoin, mona, cash = (vault_of(coin, "regtest") for coin in ("BTC", "MONA", "BCH"))
    coin = bitcoin.coins[0]
    script = bitcoin.vault.script(RECEIVE, 0).code
    tx = Transaction(2, (TxIn(coin.outpoint, b"", 0),), (TxOut(1, b"\x51"),), 0)

    def digest(world):
        made = world.vault.digests(tx)
        return made.digest(0, script, coin.output.amount, world.vault.sighash)

    assert digest(bitcoin) == digest(mona) != digest(cash)


# the matrix: seven kinds of thing, three coins, three signers


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_an_honest_bundle(ours, theirs, net, tmp_path):
    """Signed by a signer of its own coin; by every other it is refused at step 2."""
    signer, sender = vault_of(ours, net), vault_of(theirs, net)
    raw = sender.bundle()
    if ours != theirs:
        assert refusals(signer.examine, raw) == [(2, "vault.enrolled")]
        assert refusals(combine, [Source("in", raw)], signer.vault) == [(2, "vault.enrolled")]
        return
    for name in ("alice", "bob"):
        raw = signer.sign(raw, tmp_path / name, name).raw
    done = combine([Source("in", raw)], signer.vault)
    assert (done.signed, done.missing) == (("alice", "bob"), 0)


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_an_approval(ours, theirs, net):
    """Neither its vault nor its policy is known; and for another policy it counts nothing."""
    signer, sender = vault_of(ours, net), vault_of(theirs, net)
    envelope = sender.approve(sender.withdrawal())
    meant = Withdrawal.parse(envelope.payload)
    known = {signer.vault.id: signer.vault}
    if ours == theirs:
        assert enrolled(meant, known) == signer.vault
        assert approve_check(envelope, signer.policy).withdrawal == meant
        return
    assert refusals(enrolled, meant, known) == [(2, "vault.enrolled")]
    assert refusals(approve_check, envelope, signer.policy) == [
        (6, f"withdrawal.{what}") for what in ("coin", "vault", "policy")
    ]


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_policy(ours, theirs, net):
    """For a new signer it is another vault's; for one at work no successor either."""
    signer, sender = vault_of(ours, net), vault_of(theirs, net)
    following = sender.admit(sender.successor())
    if ours == theirs:
        newest = trusted(signer.vault, [sender.policy_envelope, following], None)
        assert newest.policy.epoch == 2
        return
    policies = [sender.policy_envelope]
    assert refusals(trusted, signer.vault, policies, None) == [(5, "policy.vault")]
    assert refusals(signer.trusted().advance, following) == [(5, "policy.previous")]


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_vault_document_with_anothers_policy(ours, theirs, net, tmp_path):
    """A vault is enrolled with its own policy only, and never in the place of another."""
    mine, other = vault_of(ours, net), vault_of(theirs, net)
    state = mine.state(tmp_path)
    arguments = (other.vault_envelope, [mine.policy_envelope])
    if ours == theirs:
        state.enrol(*arguments, key="alice", fingerprint=mine.officers["alice"].root.fingerprint)
        assert set(state.vaults) == {mine.vault.id}
        return
    assert refusals(state.enrol, *arguments) == [(5, "policy.vault")]
    assert set(State(tmp_path).vaults) == {mine.vault.id}


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_void(ours, theirs, net):
    """A void cancels in its own chain: of another coin's it does not even know the withdrawal."""
    signer, sender = vault_of(ours, net), vault_of(theirs, net)
    first = sender.withdrawal()
    void = sender.withdrawal(
        sequence=2, previous=first.id, purpose=VOID, voids=first.id, payments=(), why="cancelled"
    )
    raw = sender.bundle(sender.approve(void), predecessors=[first.payload])
    if ours != theirs:
        assert refusals(signer.examine, raw) == [(2, "vault.enrolled")]
        mixed = relabelled(sender.approve(void), signer)
        raw = signer.bundle(mixed, predecessors=[first.payload])
        assert refusals(signer.examine, raw) == [(6, "chain.coin")]
        return
    checked = signer.examine(raw)
    assert checked.approved.withdrawal.voids == first.id


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_history_file(ours, theirs, net, tmp_path):
    """A signer that is behind takes its own vault's withdrawals, and remembers no other."""
    signer, sender = vault_of(ours, net), vault_of(theirs, net)
    chain = read_history(write_history([sender.withdrawal()]))
    state = signer.state(tmp_path)
    enrol = (signer.vault_envelope, [signer.policy_envelope])
    if ours != theirs:
        assert refusals(state.enrol, *enrol, history=chain) == [(2, "vault.enrolled")]
        assert State(tmp_path).vaults[signer.vault.id].enrolment.known.newest == 0
        return
    state.enrol(*enrol, history=chain)
    assert state.vaults[signer.vault.id].enrolment.known.newest == 1


def record(world, name):
    """What `coldsign key xpub` writes."""
    key = next(k for k in world.vault.keys if k.origin.fingerprint == fingerprint(world, name))
    said = {
        "kind": "key",
        "version": 1,
        "name": name,
        "coin": world.vault.coin,
        "network": world.vault.network,
        "script_type": world.vault.script_type,
        "fingerprint": key.origin.fingerprint,
        "path": str(key.origin),
        "xpub": key.xpub.to_text(world.network.xpub),
        "key": key.to_text(world.network.xpub),
        "signer": "enforcing",
    }
    return json.dumps(said).encode()


def fingerprint(world, name):
    """An officer's."""
    return world.officers[name].root.fingerprint


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_key_record(ours, theirs, net):
    """The record says its coin; and on main, the key's own path does, whatever it says."""
    place = network(ours, net)
    raw = record(vault_of(theirs, net), "alice")
    if ours == theirs:
        assert keyfile.read(raw, ours, place, "p2sh").key == vault_of(ours, net).vault.keys[0]
        return
    with pytest.raises(BadInput) as caught:
        keyfile.read(raw, ours, place, "p2sh")
    assert (caught.value.expected, caught.value.found) == (f"'{ours}'", f"'{theirs}'")
    lying = raw.replace(f'"{theirs}"'.encode(), f'"{ours}"'.encode())
    read = keyfile.read(lying, ours, place, "p2sh").key
    if net == "main":
        with pytest.raises(BadInput, match="for another kind of vault"):
            Descriptor(place, "p2sh", 1, (read,))


# the thief at work: what is relabelled, exchanged, or put together from two coins


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize(("ours", "theirs"), CROSS)
def test_a_relabelled_approval_has_no_approvals(ours, theirs, net):
    """Every word changed to our coin's: the signatures were made over the others."""
    signer, sender = vault_of(ours, net), vault_of(theirs, net)
    mixed = relabelled(sender.approve(sender.withdrawal()), signer)
    anchored = Withdrawal.parse(mixed.payload)
    honest = signer.withdrawal()
    payload = replace(anchored, payments=honest.payments, anchor=honest.anchor).payload
    forged = replace(Envelope.wrap("withdrawal", payload), signatures=mixed.signatures)
    assert refusals(signer.examine, signer.bundle(forged)) == [(6, "approvals.quorum")]


@pytest.mark.parametrize(("ours", "theirs"), CROSS)
def test_a_psbt_of_one_coin_with_documents_of_another(ours, theirs):
    """A signer of all three vaults, on main: the inputs are not the named vault's."""
    signer, sender = vault_of(ours), vault_of(theirs)
    documents = signer.draft().documents

    def tamper(draft):
        draft.documents = documents
        draft.lock_time = signer.withdrawal().height

    raw = sender.bundle(tamper=tamper)
    assert refusals(examine, raw, every_vault("main")) == [(3, "inputs.origins")]


@pytest.mark.parametrize(("ours", "theirs"), CROSS)
def test_on_a_test_network_such_a_psbt_is_what_its_documents_say(ours, theirs):
    """The keys are the same there: what is signed is the transaction of the coin that is named.

    Between Bitcoin Cash and the others the sighash type in the file gives it away.
    """
    signer, sender = vault_of(ours, "regtest"), vault_of(theirs, "regtest")
    documents = signer.draft().documents
    payee = signer.draft().outputs[0].script

    def tamper(draft):
        draft.documents = documents
        draft.outputs[0].script = payee

    raw = sender.bundle(tamper=tamper)
    if "BCH" in (ours, theirs):
        assert refusals(examine, raw, every_vault("regtest")) == [(3, "inputs.sighash")]
        return
    checked = examine(raw, every_vault("regtest"))
    assert checked.facts.vault == signer.vault
    assert raw == signer.bundle()


@pytest.mark.parametrize(("ours", "theirs"), CROSS)
def test_a_vault_document_of_one_coin_with_the_descriptor_of_another(ours, theirs):
    """On main the paths name the coin, so it is no vault; on test networks it is another one."""
    with pytest.raises(BadInput, match="for another kind of vault"):
        Vault.parse(said_of(vault_of(ours), vault_of(theirs)))
    mixed = Vault.parse(said_of(vault_of(ours, "regtest"), vault_of(theirs, "regtest")))
    assert mixed == vault_of(ours, "regtest").vault  # to the byte: the descriptors are one


def said_of(world, other):
    """One vault's document with another's descriptor."""
    mine, theirs = (json.dumps(one.vault.descriptor).encode() for one in (world, other))
    return world.vault.payload.replace(mine, theirs)


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh", "p2sh"])
@pytest.mark.parametrize(("ours", "theirs"), [("BTC", "MONA"), ("MONA", "BTC")])
def test_a_vault_of_the_same_extended_keys(ours, theirs, script_type):
    """Whoever moves one coin's keys into the other's vault makes nothing that is enrolled."""
    body = vault_of(theirs, script_type=script_type).vault.descriptor.partition("#")[0]
    with pytest.raises(BadInput, match="for another kind of vault") as caught:
        Descriptor.parse(f"{body}#{checksum(body)}", network(ours, "main"))
    assert caught.value.expected.startswith(f"48h/{network(ours, 'main').slip44}h/")
    # Where the keys are the same, on test networks, every transaction of the one names its vault.
    mine, other = (vault_of(c, "regtest", script_type=script_type) for c in (ours, theirs))
    assert mine.vault.descriptor == other.vault.descriptor
    assert refusals(mine.examine, other.bundle()) == [(2, "vault.enrolled")]


@pytest.mark.parametrize(
    ("coin", "claimed"), [("BTC", ALL | FORKID), ("MONA", ALL | FORKID), ("BCH", ALL)]
)
def test_the_sighash_type_of_another_coin(coin, claimed):
    """As the file asks for it, and as a signature has it: either is refused."""
    world = vault_of(coin)

    def ask(draft):
        draft.inputs[0].psbt = draft.inputs[0].psbt._replace(sighash=claimed)

    assert refusals(world.examine, world.bundle(tamper=ask)) == [(3, "inputs.sighash")]
    raw = with_signature(world, claimed)
    assert refusals(world.examine, raw) == [(3, "signatures.sighash")]
    assert refusals(combine, [Source("in", raw)], world.vault) == [(3, "signatures.sighash")]


@pytest.mark.parametrize(
    ("coin", "scheme", "other"),
    [
        ("BTC", "ecdsa", schnorr.sign),
        ("MONA", "ecdsa", schnorr.sign),
        ("BCH", "ecdsa", schnorr.sign),
        ("BCH", "schnorr", secp.sign_ecdsa),
    ],
)
def test_a_signature_of_the_other_scheme(coin, scheme, other):
    """A right signature by a right key, but of the scheme that this vault has not."""
    world = vault_of(coin, scheme=scheme)
    ours = {"ecdsa": secp.sign_ecdsa, "schnorr": schnorr.sign}[scheme]
    assert world.examine(with_signature(world, world.vault.sighash, ours))
    raw = with_signature(world, world.vault.sighash, other)
    assert refusals(world.examine, raw) == [(3, "signatures.invalid")]
    assert refusals(combine, [Source("in", raw)], world.vault) == [(3, "signatures.invalid")]


def test_the_schemes_of_one_coin_are_vaults_apart():
    """ECDSA or Schnorr stands in the document: the same keys make two vaults of Bitcoin Cash."""
    plain, other = (vault_of("BCH", "regtest", scheme=each) for each in ("ecdsa", "schnorr"))
    assert plain.vault.descriptor == other.vault.descriptor
    assert refusals(plain.examine, other.bundle()) == [(2, "vault.enrolled")]
    for coin in ("BTC", "MONA"):
        payload = other.vault.payload.replace(b"BCH", coin.encode())
        with pytest.raises(BadInput, match="signatures"):
            Vault.parse(payload)


def with_signature(world, sighash, sign=secp.sign_ecdsa):
    """A bundle in which alice has signed, for this type, in this way."""
    draft = world.draft()
    coin = world.coins[0]
    said = facts.read(draft.to_bytes(), {world.vault.id: world.vault})
    digest = world.vault.digests(said.psbt.tx).digest(
        0, said.inputs[0].script.code, coin.output.amount, sighash
    )
    secret = world.key("alice").branches[coin.branch].derive(coin.index).secret
    made = PartialSig(secp.public_key(secret), sign(digest, secret) + bytes((sighash,)))
    draft.inputs[0].psbt = draft.inputs[0].psbt._replace(partial_sigs=(made,))
    return draft.to_bytes()


@pytest.mark.parametrize(("ours", "theirs"), CROSS)
def test_an_approved_payment_to_an_address_of_another_coin(ours, theirs):
    """Approved or not: a document of one coin that pays in another's notation is not read."""
    payment = vault_of(theirs).payment()
    world = vault_of(ours)
    honest = world.draft()
    honest.documents = honest.documents._replace(
        withdrawal=world.approve(world.withdrawal(payments=(payment,)))
    )
    with pytest.raises(BadInput, match="address"):
        world.examine(honest.to_bytes())


def test_an_old_address_of_bitcoin_cash_in_bitcoins_documents():
    """It is an address of Bitcoin, so it is paid to; in Bitcoin Cash's it is not read at all."""
    bitcoin, cash = vault_of("BTC"), vault_of("BCH")
    old = "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC"  # spec/cashaddr.md's
    payment = bitcoin.payment()._replace(address=old)
    approved = bitcoin.approve(bitcoin.withdrawal(payments=(payment,)))
    known = bitcoin.examine(bitcoin.bundle(approved)).facts
    assert known.addresses[known.externals[0].script] == old
    assert typed_address(old, "BCH", "main").warning
    terms = cash.withdrawal(payments=(payment,))
    draft = cash.draft()
    draft.documents = draft.documents._replace(withdrawal=cash.approve(terms))
    with pytest.raises(BadInput, match="address"):
        cash.examine(draft.to_bytes())
