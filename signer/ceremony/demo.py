"""The demo: a withdrawal from request to confirmed block, then three attacks.

Three officers and a coordinator, each at a machine of their own: separate folders, separate
processes, the real programs, typed as a person would type. Whatever comes out otherwise than told
here raises `Differs`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from signer.build.typed import parse_amount
from signer.ceremony.devices import Devices, fingerprint
from signer.ceremony.stage import Differs, Machine, Reason, Stage, Step
from signer.ceremony.terminal import Script
from signer.ceremony.thief import Forgery, forgeries
from signer.chain.whole import parse_transaction
from signer.core import coins
from signer.core.address import address_of
from signer.core.coins import Coin
from signer.core.errors import BadInput
from signer.core.names import Sats
from signer.core.script import p2pkh, p2wpkh
from signer.core.transaction import TxOut

OFFICERS = ("alice", "bob", "carol")
NETWORK = "regtest"

_SUPPLIER = b"the supplier's own key"
_AMOUNT = "0.25"
_FUNDS = ("1", "0.4", "0.2")
_SHOWN_WORD = re.compile(r"([0-9]+)\. ([a-z]+)")


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, and how each signer answered.

    Attributes:
        forgery: what the thief made.
        reasons: at least one of each signer.
    """

    forgery: Forgery
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """How the demo went; it only ends when everything was as it has to be.

    Attributes:
        steps: in order.
        txid: of the honest withdrawal.
        block: the hash of the block that confirmed it.
        height: of that block.
        engine: the consensus code that verified the transaction.
        attacks: all refused.
    """

    steps: tuple[Step, ...]
    txid: str
    block: str
    height: int
    engine: str
    attacks: tuple[Attack, ...]


@dataclass(frozen=True, slots=True)
class _Cast:
    stage: Stage
    coin: Coin
    coordinator: Machine
    alice: Machine
    bob: Machine
    carol: Machine
    devices: Devices | None = None

    @property
    def supplier(self) -> bytes:
        """The script of whoever is paid: to a key, in the form that the coin has."""
        return (p2wpkh if self.coin.networks[NETWORK].hrp else p2pkh)(_SUPPLIER)

    @property
    def of_coin(self) -> str:
        """What a command says of the coin, if it is not the usual one."""
        return "" if self.coin.name == "BTC" else f" --coin {self.coin.name}"

    @property
    def officers(self) -> tuple[Machine, ...]:
        return self.alice, self.bob, self.carol

    def signs(self, officer: Machine, file: str) -> str:
        """What this officer types to sign a file."""
        at_device = self.devices is not None and officer is self.alice
        return f"coldsign sign {file}" + (f" --device {fingerprint(officer)}" if at_device else "")


def play(
    folder: Path, tell: Callable[[Step], None], *, coin: str = "BTC", usb: bool = False
) -> Played:
    """Play the whole demo in a folder.

    Args:
        folder: empty; everything is left there.
        tell: called with each step when it is done.
        coin: which, by its name.
        usb: alice's key is on a simulated Coldcard, and bob's machine is an appliance on a cable.

    Raises:
        Differs: something came out otherwise.
    """
    stage = Stage(folder, tell)
    alice, bob, carol = (stage.machine(name, _answers(name)) for name in OFFICERS)
    coordinator = stage.machine("coordinator")
    kind = coins.coin(coin)
    if not usb:
        return _played(_Cast(stage, kind, coordinator, alice, bob, carol))
    with Devices.plugged(folder) as devices:
        alice = replace(alice, cables=(devices.coldcard,))
        return _played(_Cast(stage, kind, coordinator, alice, bob, carol, devices))


def _played(cast: _Cast) -> Played:
    stage = cast.stage
    stage.scene = "keys"
    _keys(cast)
    stage.scene = "a vault and its policy"
    _vault(cast)
    _policy(cast)
    _fund(cast)
    stage.scene = "a withdrawal, from request to confirmed block"
    _request(cast, "w1", why="invoice 1042 of May", signers=(cast.alice, cast.bob))
    txid, block, height, engine = _settle(cast)
    stage.scene = "another withdrawal, while a thief holds the coordinator"
    attacks = _attacks(cast)
    return Played(tuple(stage.steps), txid, block, height, engine, attacks)


def passphrase(name: str) -> str:
    """An officer's passphrase: no secret, so that whoever keeps the demo can go on with it."""
    return f"{name}, for the demo only"


def _answers(name: str) -> Script:
    """What an officer types at each prompt."""

    def words(screen: str) -> str:
        shown = screen.rpartition("they are the key")[2]
        numbered = sorted((int(place), word) for place, word in _SHOWN_WORD.findall(shown))
        return " ".join(word for _, word in numbered)

    return (
        (r"passphrase for [^\n]*: $|the same passphrase again: $", passphrase(name)),
        (r"press enter when you have written it down: $", ""),
        (r"type the words back in one line: $", words),
        (r"\[type yes\]: $", "yes"),
    )


def _keys(cast: _Cast) -> None:
    cast.stage.at_once(*(partial(_keys_of, cast, officer) for officer in cast.officers))


def _keys_of(cast: _Cast, officer: Machine) -> None:
    name = officer.name
    command = "coldsign key xpub"
    if cast.devices and officer is cast.alice:
        officer.does("plugs in her Coldcard", "coldsign device list")
        command = "coldsign device xpub"
    else:
        officer.does("makes a signing key, words on paper", f"coldsign key create {name}")
    officer.does(
        "exports its public half",
        f"{command} {name} --network {NETWORK}{cast.of_coin} -o {name}.key.json",
        makes=f"{name}.key.json",
    )
    officer.does(
        "makes an approval key",
        f"coldsign officer create {name} -o {name}.officer.json",
        makes=f"{name}.officer.json",
    )
    records = f"{name}.key.json", f"{name}.officer.json"
    cast.stage.carry("public records to the coordinator", officer, *records, to=(cast.coordinator,))


def _each(cast: _Cast, officers: tuple[Machine, ...], story: str, command: str, file: str) -> None:
    """Let officers do the same at once, and carry what it makes back to the coordinator.

    Args:
        cast: everybody.
        officers: who.
        story: what for.
        command: with `{}` for the officer's name.
        file: what it makes, likewise.
    """

    def act(officer: Machine) -> None:
        made = file.format(officer.name)
        officer.does(story, command.format(officer.name), makes=made)
        cast.stage.carry("back to the coordinator", officer, made, to=(cast.coordinator,))

    cast.stage.at_once(*(partial(act, officer) for officer in officers))


def _vault(cast: _Cast) -> None:
    keys = " ".join(f"--key {name}.key.json" for name in OFFICERS)
    cast.coordinator.does(
        "makes a 2-of-3 vault",
        f"coldquorum vault create treasury --network {NETWORK}{cast.of_coin} --threshold 2 {keys} "
        "-o vault.json",
        makes="vault.json",
    )


def _policy(cast: _Cast) -> None:
    coordinator, officers = cast.coordinator, cast.officers
    records = " ".join(f"--officer {name}.officer.json" for name in OFFICERS)
    coordinator.does(
        "starts a policy from a template",
        f"coldquorum policy new --vault treasury {records} > policy.toml",
    )
    coordinator.does("reads it in sentences", "coldquorum policy check policy.toml")
    coordinator.does(
        "proposes it", "coldquorum policy propose policy.toml -o policy.json", makes="policy.json"
    )
    cast.stage.carry("the proposal to two admins", coordinator, "policy.json", to=officers[:2])
    signs = "coldsign policy sign policy.json"
    _each(cast, officers[:2], "reads and signs the policy", signs, "policy-{}.json")
    coordinator.does(
        "gathers the admins' quorum",
        "coldquorum policy import policy-alice.json policy-bob.json -o policy-1.json",
        makes="policy-1.json",
    )
    cast.stage.carry(
        "vault and policy to all", coordinator, "vault.json", "policy-1.json", to=officers
    )
    cast.stage.at_once(*(partial(_enrols, cast, officer) for officer in officers))


def _enrols(cast: _Cast, officer: Machine) -> None:
    at_device = cast.devices is not None and officer is cast.alice
    key = "--officer-only" if at_device else f"--key {officer.name}"
    enrols = f"coldsign enrol vault.json --policy policy-1.json {key}"
    officer.does("compares the vault's id, and pins it", enrols)
    if at_device:
        officer.does("tells her Coldcard the vault", "coldsign device register treasury")


def _fund(cast: _Cast) -> None:
    listed = cast.coordinator.tells(
        "takes addresses to pay in",
        f"coldquorum vault addresses treasury --count {len(_FUNDS)} --json",
    )
    payments = " ".join(
        f"{entry['address']}:{amount}{cast.coin.name}"
        for entry, amount in zip(listed["addresses"], _FUNDS, strict=True)
    )
    cast.coordinator.does("pays play money in", f"coldquorum regtest fund {payments}{cast.of_coin}")


def _request(cast: _Cast, name: str, *, why: str, signers: tuple[Machine, ...]) -> None:
    """Ask for, approve and build a withdrawal, and carry it to its signers."""
    coordinator, approvers = cast.coordinator, (cast.alice, cast.bob)
    address = address_of(cast.supplier, cast.coin.name, NETWORK)
    payment = f"{address}:{_AMOUNT}{cast.coin.name}:Supplier:{why}"
    coordinator.does(
        "asks for a withdrawal",
        f"coldquorum request new --vault treasury --to '{payment}' "
        f"--why '{why}' --initiator carol --fee-ceiling 20000 --regtest -o {name}.json",
        makes=f"{name}.json",
    )
    cast.stage.carry("the request to two officers", coordinator, f"{name}.json", to=approvers)
    approves = f"coldsign approve {name}.json"
    _each(cast, approvers, "reads and approves it", approves, f"{name}-{{}}.json")
    files = " ".join(f"{name}-{officer.name}.json" for officer in approvers)
    tally = coordinator.tells("counts the approvals", f"coldquorum request show {files} --json")
    _expect("approvals", tally["approvals"]["signed"], [o.name for o in approvers])
    coordinator.does(
        "builds the transaction",
        f"coldquorum build {files} -o {name}.psbt --fee-rate 2 --regtest",
        makes=f"{name}.psbt",
    )
    cast.stage.carry("it crosses the air gap", coordinator, f"{name}.psbt", to=signers)


def _settle(cast: _Cast) -> tuple[str, str, int, str]:
    """Sign, combine, finalise, send and confirm the first withdrawal."""
    coordinator = cast.coordinator
    if cast.devices:
        cast.devices.sign(cast.stage, cast.alice, cast.bob, "w1")
        files = ("w1-alice.psbt", "w1-bob.psbt")
        cast.stage.carry("back to the coordinator", cast.alice, *files, to=(coordinator,))
    else:
        signs = "coldsign sign w1.psbt -o w1-{}.psbt"
        _each(cast, (cast.alice, cast.bob), "reviews it, and signs", signs, "w1-{}.psbt")
    coordinator.does(
        "verifies and gathers the signatures",
        "coldquorum combine w1-alice.psbt w1-bob.psbt -o w1-signed.psbt",
        makes="w1-signed.psbt",
    )
    final = coordinator.tells(
        "finishes it; others' consensus code judges",
        "coldquorum finalize w1-signed.psbt -o w1.hex --json",
    )
    _expect("the verdict of others' consensus code", final["verified"], True)
    _expect_payment(cast, coordinator.folder / "w1.hex")
    sent = coordinator.tells("sends it", "coldquorum broadcast w1.hex --regtest --json")
    _expect("the transaction that was sent", sent["txid"], final["txid"])
    mined = coordinator.tells("mines a block", f"coldquorum regtest mine{cast.of_coin} --json")
    found = coordinator.tells(
        "sees it confirmed", "coldquorum request show treasury/1 --regtest --json"
    )["transaction"]
    _expect("the transaction that confirmed", found["txid"], final["txid"])
    _expect("its block", found["block"], mined["hash"])
    _expect("its confirmations", found["confirmations"], 1)
    return final["txid"], mined["hash"], mined["height"], final["engine"]


def _attacks(cast: _Cast) -> tuple[Attack, ...]:
    """A thief holds the coordinator and forges what the officers have approved, in three ways."""
    signers = (cast.alice, cast.carol)
    _request(cast, "w2", why="invoice 1043 of June", signers=signers)
    attacks = []
    for forgery in forgeries((cast.coordinator.folder / "w2.psbt").read_bytes()):
        file = f"{forgery.name}.psbt"
        (cast.coordinator.folder / file).write_bytes(forgery.raw)
        cast.stage.carry(forgery.story, cast.coordinator, file, to=signers, who="thief")
        found = cast.stage.at_once(
            *(partial(o.refuses, cast.signs(o, file), output=_signed(file)) for o in signers)
        )
        for first, *_ in found:
            _expect(
                f"why {first.officer} refuses {forgery.name}",
                (first.step, first.rule),
                (forgery.step, forgery.rule),
            )
        attacks.append(Attack(forgery, tuple(reason for reasons in found for reason in reasons)))
    cast.stage.at_once(*(partial(_goes_on, cast, officer) for officer in signers))
    return tuple(attacks)


def _goes_on(cast: _Cast, officer: Machine) -> None:
    """The attacks have left nothing behind: the honest file is signed, the journal is whole."""
    file = "w2.psbt"
    story = "signs the honest one all the same"
    officer.does(story, cast.signs(officer, file), makes=_signed(file))
    officer.does("checks the journal, link by link", "coldsign journal verify")


def _signed(file: str) -> str:
    """The name under which `coldsign sign` writes, if nobody says another."""
    return f"{Path(file).stem}-signed.psbt"


def _expect_payment(cast: _Cast, file: Path) -> None:
    """The finished transaction pays the supplier, exactly what was asked for."""
    try:
        outputs = parse_transaction(bytes.fromhex(file.read_text())).outputs
    except (BadInput, ValueError, OSError) as error:
        raise Differs("no finished transaction", expected=file.name, found=error) from None
    coin = cast.coin.name
    wanted = TxOut(Sats(parse_amount(f"{_AMOUNT}{coin}", coin)), cast.supplier)
    paid = [output for output in outputs if output.script == cast.supplier]
    _expect("payments to the supplier", paid, [wanted])


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Differs(f"{what}: otherwise than expected", expected=wanted, found=found)
