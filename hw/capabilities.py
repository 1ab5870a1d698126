"""What a model can do, as a constant of its driver: asked before anything is sent.

The table in docs/devices.md is written from these.
"""

from dataclasses import dataclass
from enum import StrEnum

from hw.errors import Unsupported
from hw.task import SigningTask, VaultFacts


class Registers(StrEnum):
    """Whether a device has to be told a vault before it signs for it."""

    REQUIRED = "required"
    """It keeps the vault itself."""
    KEPT_HERE = "required, proof kept here"
    """It signs what it was told, and wants to see that again each time."""
    NONE = "none"
    """It is told with every transaction."""


@dataclass(frozen=True, slots=True)
class CoinScripts:
    """What a model signs for one coin.

    Attributes:
        coin: for instance "BTC".
        networks: the ones it can be set to.
        scripts: script types of multisig: "p2wsh", "p2sh-p2wsh", "p2sh".
        signatures: kinds that a vault may have.
    """

    coin: str
    networks: tuple[str, ...]
    scripts: tuple[str, ...]
    signatures: tuple[str, ...] = ("ecdsa",)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model, or one firmware of it, can do.

    Attributes:
        model: for people.
        coins: what it signs.
        registers: whether it has to be told a vault.
        cosigners: keys in a vault, at most.
        inputs: in a transaction, at most; None: no limit is known.
        outputs: in a transaction, at most; None: no limit is known.
        psbt: bytes that it takes, at most; None: it takes no PSBT, or no limit is known.
        miniscript: whether it signs wsh(miniscript). This program makes no such vault yet.
        taproot: which tap script forms it signs, or empty. This program makes no such vault yet.
        anti_klepto: whether it can prove that its nonces carry no secret out, and we check that.
        bip48_only: whether it signs only for keys at m/48h/coin/account/script.
        note: what else an officer should know, one line.
    """

    model: str
    coins: tuple[CoinScripts, ...]
    registers: Registers
    cosigners: int
    inputs: int | None = None
    outputs: int | None = None
    psbt: int | None = None
    miniscript: bool = False
    taproot: str = ""
    anti_klepto: bool = False
    bip48_only: bool = False
    note: str = ""

    def require_vault(self, vault: VaultFacts) -> None:
        """Refuse a vault that this model cannot sign for.

        Raises:
            Unsupported: it says what.
        """
        chain = vault.chain
        fitting = [c for c in self.coins if c.coin == chain.coin and chain.network in c.networks]
        if not fitting:
            raise self._refuse(
                "this coin or network",
                ", ".join(f"{c.coin} {'/'.join(c.networks)}" for c in self.coins),
                f"{chain.coin} {chain.network}",
            )
        for what, known, wanted in (
            ("this script type", [s for c in fitting for s in c.scripts], vault.script_type),
            ("these signatures", [s for c in fitting for s in c.signatures], vault.signatures),
        ):
            if wanted not in known:
                raise self._refuse(what, ", ".join(known), wanted)
        self._most("so many cosigners", self.cosigners, len(vault.cosigners))

    def require_task(self, task: SigningTask) -> None:
        """Refuse a transaction that this model cannot sign.

        Raises:
            Unsupported: it says what.
        """
        self.require_vault(task.vault)
        self._most("so many inputs", self.inputs, len(task.inputs))
        self._most("so many outputs", self.outputs, len(task.outputs))
        self._most("so large a transaction (bytes of the PSBT)", self.psbt, len(task.psbt))

    def _most(self, what: str, most: int | None, found: int) -> None:
        if most is not None and found > most:
            raise self._refuse(what, f"at most {most:,}", f"{found:,}")

    def _refuse(self, what: str, expected: str, found: str) -> Unsupported:
        return Unsupported(
            f"the {self.model} does not do {what}",
            expected=expected,
            found=found,
            hint="nothing was sent to it; docs/devices.md shows what each model does",
        )
