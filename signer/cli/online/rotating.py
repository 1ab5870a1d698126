"""`coldquorum vault rotate` and `sweep`: exchange a key, and move everything to the new vault."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.online import asking, chains
from signer.cli.online.drafting import Rate
from signer.cli.online.holders import Officers, Signers
from signer.cli.online.keyfiles import key_files
from signer.cli.online.vaults import VaultArgument, data, text
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.build.sweep import Batch, Limits
    from signer.chain.chain import Chain, FeeRate
    from signer.core.vault import Vault
    from signer.store.store import Store


@chains.options
def rotate(
    context: typer.Context,
    vault: VaultArgument,
    *,
    replace: Annotated[str, typer.Option(metavar="FINGERPRINT", help="The key that goes.")],
    key: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="The key that comes: its record, or a vendor's xpub file.",
        ),
    ],
    officer: Officers = None,
    signer: Signers = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the new vault; NAME-2 if not given.")
    ] = None,
    fee_rate: Rate = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", readable=False, help="A new folder for all papers."
        ),
    ],
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Prepare the exchange of a key: the new vault, both policies, the sweep, a checklist.

    Nothing is in force by it: holders enrol the new vault, admins sign both policies.
    """
    from policies.envelope import Envelope
    from signer.build import rotation
    from signer.build.policy_source import write_toml
    from signer.build.sweep import limits
    from signer.ceremony import checklist
    from signer.cli.online import inbox, policy_writing
    from signer.cli.online.folders import new_folder
    from signer.core.files import refuse_existing
    from signer.core.names import Fingerprint
    from signer.core.vault import RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    refuse_existing(output)
    with Store(here.home) as store:
        old = inbox.vault(store, vault).vault
        comes = key_files(
            [key],
            coin=old.coin,
            network=old.network,
            script=old.script_type,
            officers=officer,
            kinds=signer,
        )[0]
        newest = inbox.policy_in_force(store, old.id)
        with asked.open(here, old.coin, old.network) as chain:
            tip = chain.tip().height
            new = rotation.exchange(
                old,
                Fingerprint(replace),
                comes.key,
                comes.signer,
                name=name or rotation.next_name(old.name),
                birth_height=tip,
            )
            policy = newest.at(tip).policy
            opened = rotation.opened_to(
                policy_writing.following(newest.policy, tip, freeze=False), new
            )
            opens = not rotation.is_open_to(policy, new)
            allowed = limits(opened if opens else policy, new)
            rate = _rate(chain, fee_rate)
            batches = _plan(
                chain,
                store,
                old,
                script=new.script(RECEIVE, 0).script_pubkey,
                allowed=allowed,
                rate=rate,
            )
        papers = {
            "vault.json": Envelope.wrap("vault", new.payload).to_bytes(),
            "new-policy.toml": write_toml(rotation.first_policy(policy, new, tip)).encode(),
            "checklist.md": checklist.rotation(
                old,
                new,
                policy,
                gone=Fingerprint(replace),
                opens=opens,
                activation=opened.activation_height,
                batches=batches,
            ).encode(),
        }
        if opens:
            papers["old-policy.toml"] = write_toml(opened).encode()
        with new_folder(output, papers):
            store.add_vault(Envelope.wrap("vault", new.payload))
    here.emit(
        {
            "old": old.id,
            "vault": data(new),
            "folder": str(output),
            "files": sorted(papers),
            "old_policy_opens": opens,
            "activation_height": opened.activation_height if opens else policy.activation_height,
            "sweep": [_batch(one) for one in batches],
        },
        "\n".join((text(new), "", f"  {len(batches)} withdrawals empty {old.name}")),
    )
    show.note(f"next: follow {show.safe(str(output / 'checklist.md'))}")


@chains.options
def sweep(
    context: typer.Context,
    vault: VaultArgument,
    *,
    to: Annotated[str, typer.Option("--to", metavar="VAULT", help="The vault that takes it all.")],
    why: asking.Why,
    initiator: asking.Initiator,
    fee_rate: Rate = None,
    expiry_blocks: asking.ExpiryBlocks = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            readable=False,
            help="Write the document; never overwrites.",
        ),
    ] = None,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Ask for the next withdrawal that empties one vault into another; once more for the next.

    It is approved, built and signed like any other. The fee cannot be raised later, since nothing
    is left to pay it from: give a rate that confirms.
    """
    from policies.withdrawal import INTERNAL, PAYMENT, Payment
    from signer.build.sweep import limits
    from signer.cli.online import inbox, standing
    from signer.cli.online.standing import Standing
    from signer.core.files import refuse_existing
    from signer.core.names import Height
    from signer.core.vault import RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        old, new = inbox.vault(store, vault).vault, inbox.vault(store, to).vault
        _check_pair(old, new)
        inbox.policy_in_force(store, new.id)  # or nobody could spend what arrives
        earlier = [stored.withdrawal for stored in store.withdrawals(old.id)]
        with asked.open(here, old.coin, old.network) as chain:
            height = Height(max(chain.tip().height, earlier[-1].height if earlier else 0))
            policy = inbox.policy_in_force(store, old.id).at(height).policy
            allowed = limits(policy, new)
            used = chain.used_indexes(new, RECEIVE)
            promised = {payment.address for one in earlier for payment in one.payments}
            address = _fresh(new, used, promised)
            script = new.script(RECEIVE, 0).script_pubkey
            batches = _plan(
                chain, store, old, script=script, allowed=allowed, rate=_rate(chain, fee_rate)
            )
        if not batches:
            raise BadInput(
                "nothing is left to sweep",
                fault=Fault.OFFICER,
                expected="confirmed coins that no other withdrawal has taken, worth their fee",
                hint="`coldquorum request list` shows what is under way",
            )
        first = batches[0]
        stored, policy = asking.ask(
            here,
            store,
            asked,
            old,
            purpose=INTERNAL if allowed.internal else PAYMENT,
            payments=(Payment(address, first.amount, new.name, "sweep"),),
            voids=None,
            initiator=initiator,
            why=why,
            fee_ceiling=str(first.fee),
            expiry_blocks=expiry_blocks,
            output=output,
        )
    standing.emit(
        here, stored.withdrawal, stored.envelope, old, policy, stands=Standing("requested")
    )
    show.note(f"{len(first.coins)} coins; {len(batches) - 1} more withdrawals after this one")
    show.note(f"next: officers run `coldsign approve {show.safe(str(output or 'FILE'))}`")


def _check_pair(old: "Vault", new: "Vault") -> None:
    if old.id == new.id or (old.coin, old.network) != (new.coin, new.network):
        raise BadInput(
            "a sweep goes to another vault of the same coin and network",
            fault=Fault.OFFICER,
            expected=f"{old.coin} {old.network}",
            found=f"{new.name}: {new.coin} {new.network}",
        )


def _plan(
    chain: "Chain",
    store: "Store",
    old: "Vault",
    *,
    script: bytes,
    allowed: "Limits",
    rate: "FeeRate",
) -> "tuple[Batch, ...]":
    from signer.build.sweep import plan
    from signer.cli.online.coins import free, listed

    return plan(free(old, listed(old, chain), chain.tip(), store), old, script, allowed, rate)


def _fresh(vault: "Vault", used: "frozenset[int]", promised: "set[str]") -> str:
    """The first receive address that nobody has paid to, and no withdrawal was to pay to."""
    from signer.build.rotation import RANGE
    from signer.core.vault import RECEIVE

    for index in range(RANGE):
        address = vault.address(RECEIVE, index)
        if index not in used and address not in promised:
            return address
    raise BadInput(
        "the new vault's first addresses are all used",
        fault=Fault.OFFICER,
        expected=f"a fresh one among the first {RANGE}, which the policy lists",
        hint="request the rest as payments to its later addresses, under a policy that lists them",
    )


def _rate(chain: "Chain", said: str | None) -> "FeeRate":
    from signer.cli.online import drafting

    return drafting.estimate(chain, drafting.TARGET) if said is None else drafting.read_rate(said)


def _batch(batch: "Batch") -> dict[str, object]:
    return {"coins": len(batch.coins), "amount": batch.amount, "fee": batch.fee}
