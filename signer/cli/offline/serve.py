"""`coldsign serve`: this machine as a USB signer (docs/appliance.md). It opens files, no socket.

The host at the other end of the cable is the thief's. It may ask for nothing but what `_Appliance`
offers; the officer here reads this screen, and types at these keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from signer.cli import prompt, show
from signer.cli.offline import receipts
from signer.cli.offline.options import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault, Refusal, Refused

if TYPE_CHECKING:
    from hw.appliance import messages
    from hw.appliance.serving import Attention
    from signer.core.names import Fingerprint
    from signer.sign.state import Memory, State

_REVIEW: Final = 9

EndpointOption = Annotated[
    Path,
    typer.Option(metavar="FILE", readable=False, help="An endpoint of FunctionFS, or a pipe."),
]


def serve(
    context: typer.Context,
    *,
    ep_in: EndpointOption,
    ep_out: EndpointOption,
    ep0: Annotated[
        Path | None,
        typer.Option(metavar="FILE", readable=False, help="FunctionFS's ep0; without it, no USB."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="NAME", help="The key, if there are several.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Be a USB signer: check, show and sign what a host sends, if the officer here says yes.

    --ep-in is where this machine writes to (the host's IN), --ep-out where it reads from. It ends
    with the endpoints, or with Ctrl-C.
    """
    from hw.appliance import functionfs
    from hw.appliance.serving import Server

    here = session(context, as_json=as_json, home=home)
    name, fingerprint = _key(here, key)
    appliance = _Appliance(here, name, fingerprint, passphrase_file, yes=yes)
    appliance.vaults()  # whatever is wrong with this home shows now, and not when a host comes
    try:
        if ep0 is not None:
            functionfs.begin(ep0)
        link = functionfs.Endpoints(into=ep_out, out=ep_in)
    except OSError as error:
        raise BadInput(
            "the endpoints cannot be opened",
            fault=Fault.MACHINE,
            found=f"{error.filename or ep0}: {(error.strerror or '').lower()}",
            hint="docs/appliance.md says how the gadget is set up",
        ) from None
    show.note(f"serving {show.safe(name)} {fingerprint} over USB; Ctrl-C ends it")
    Server(link, appliance).run()
    here.emit(
        {"key": name, "fingerprint": fingerprint, "signed": appliance.signed},
        f"signed {appliance.signed} withdrawals; the endpoints are gone",
    )


def _key(here: Session, wanted: str | None) -> "tuple[str, Fingerprint]":
    """The name and the fingerprint of the key that is served."""
    from signer.cli.offline.keyring import stored_keys
    from signer.core.names import Fingerprint
    from signer.keys.keystore import Kind

    found = [k for k in stored_keys(here.home, Kind.SEED) if not isinstance(k, BadInput)]
    fitting = [k for k in found if wanted in (None, k.name)]
    if len(fitting) != 1:
        raise BadInput(
            "which key?",
            fault=Fault.OFFICER,
            expected="--key NAME",
            found=", ".join(k.name for k in found) or "no key lives here",
            hint="`coldsign key list` shows them",
        )
    return fitting[0].name, Fingerprint(fitting[0].public)


@dataclass(slots=True)
class _Appliance:
    """What the host may ask for: `hw/appliance/serving.py`, `Signer`."""

    here: Session
    name: str
    fingerprint: "Fingerprint"
    passphrase_file: Path | None
    yes: bool
    signed: int = 0

    def hello(self) -> "messages.HelloIs":
        """Say who this is, and which vaults it is enrolled in with this key."""
        from importlib.metadata import version

        from hw.appliance.messages import HelloIs

        program = f"coldquorum {version('coldquorum')}"
        with self._told():
            return HelloIs(program, self.fingerprint, tuple(self.vaults()))

    def xpub(self, asked: "messages.Xpub") -> "messages.Line":
        """The extended public key of an enrolled vault: what every coordinator knows already."""
        from hw.appliance.messages import Line
        from hw.appliance.serving import Failure
        from hw.appliance.wire import Fault as Failed

        with self._told():
            vaults = [memory.enrolment.vault for memory in self.vaults().values()]
        for vault in vaults:
            for key in vault.keys:
                if (key.origin.fingerprint, key.origin.path) == (self.fingerprint, asked.path):
                    return Line(key.xpub.to_text(vault.form.network.xpub))
        raise Failure(Failed.UNKNOWN_VAULT, "no vault is enrolled here with a key at this path")

    def address(self, asked: "messages.Address", attention: "Attention") -> "messages.Line":
        """Show an address that this machine derives; the officer compares the two screens."""
        from hw.appliance.messages import Line
        from hw.appliance.serving import Failure
        from hw.appliance.wire import Fault as Failed

        with self._told(bytes.fromhex(asked.vault)):
            memory = self.vaults().get(asked.vault)
            if memory is None:
                raise Failure(Failed.UNKNOWN_VAULT, asked.vault)
            vault = memory.enrolment.vault
            address = vault.address(asked.branch, asked.index)
            show.note(f"\naddress {asked.branch}/{asked.index} of {show.safe(vault.name)}")
            show.note(f"  {show.grouped(address)}")
            with attention.asking():
                same = self.yes or prompt.confirm(
                    "does the other screen say the same?", until=attention.fileno()
                )
            if not same:
                raise Refused(
                    Refusal(
                        _REVIEW,
                        "officer.declined",
                        "the officer did not find the same address on both screens",
                        Fault.OFFICER,
                        hint="trust neither: pay nothing to it",
                    )
                )
        return Line(address)

    def sign(self, psbt: bytes, attention: "Attention") -> "messages.Signed":
        """Take the eleven steps, as `coldsign sign` does with a file."""
        from hw.appliance.messages import Signature, Signed
        from signer.cli.offline.signing import Terms, judged, reviewed, signers
        from signer.core.psbt import Psbt

        with self._told(psbt), receipts.given(self.here, "sign", None) as case:
            show.note("")
            state = self._state()
            checked = judged(case, psbt, state)
            terms = Terms(self.name, self.passphrase_file, yes=self.yes)
            with attention.asking():
                done = reviewed(
                    self.here,
                    checked,
                    state,
                    terms,
                    again=lambda: psbt,
                    until=attention.fileno(),
                )
        self.signed += 1
        vault = checked.facts.vault
        names = signers(vault, done.review, done.signed)
        told = f"{len(names)} of {vault.threshold}: {', '.join(names)}"
        show.note(f"signed  {show.safe(told)}; given to the host")
        found = []
        inputs = Psbt.parse(done.signed.raw).inputs
        for at, (coin, signed) in enumerate(zip(checked.facts.inputs, inputs, strict=True)):
            own = coin.key_of(self.fingerprint)
            found += [
                Signature(at, own, partial.signature)
                for partial in signed.partial_sigs
                if partial.pubkey == own
            ]
        return Signed(tuple(found))

    def _state(self) -> "State":
        """This machine's memory, read anew: another command may have added to it."""
        from signer.sign.state import State

        return State(self.here.home)

    def vaults(self) -> "dict[str, Memory]":
        """The enrolled vaults that the key is in, by id."""
        vaults = self._state().vaults.items()
        return {known: memory for known, memory in vaults if self.fingerprint in memory.keys}

    @contextmanager
    def _told(self, asked: bytes = b"") -> Iterator[None]:
        """Tell a problem to the officer here and, in its own form, to the host."""
        from hw.appliance.messages import Reason
        from hw.appliance.messages import Refused as Told
        from hw.appliance.serving import Cancelled, Declined, Failure
        from hw.appliance.wire import Fault as Failed
        from signer.cli import exits
        from signer.core.hashes import sha256

        try:
            yield
        except prompt.TakenBack:
            show.note("the host took it back: nothing was signed")
            raise Cancelled from None
        except Cancelled:
            show.note("the host went away: nothing was given; what is signed is in the journal")
            raise
        except (exits.Receipted, Refused, BadInput) as told:
            exits.tell(told)
            problem = told.problem if isinstance(told, exits.Receipted) else told
            if not isinstance(problem, Refused):
                raise Failure(Failed.BAD_INPUT, problem.what) from None
            reasons = (
                Reason(r.step, r.rule, r.what, str(r.fault), r.expected, r.found, r.hint)
                for r in problem.refusals
            )
            raise Declined(Told(sha256(asked).hex(), tuple(reasons))) from None
