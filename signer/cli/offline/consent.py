"""The officer says yes, or nothing happens."""

from signer.cli import prompt
from signer.core import coins
from signer.core.errors import BadInput, Fault, Refusal, Refused

_REVIEW = 9


def refuse_shortcut(coin: str, network: str, *, yes: bool) -> None:
    """Refuse `--yes` where coins are worth money, before anything is shown.

    Raises:
        BadInput: that is the case.
    """
    if yes and coins.network(coin, network).valuable:
        raise BadInput(
            "--yes is for test networks",
            fault=Fault.OFFICER,
            found=f"{coin} {network}",
            hint="an officer has to read what is shown, and type yes",
        )


def ask(question: str, coin: str, network: str, *, yes: bool, until: int | None = None) -> None:
    """Go on only if the officer says yes, or `--yes` was given on a test network.

    Raises:
        BadInput: `--yes` on a network with value, or nobody to ask.
        Refused: the officer said something else (step 9).
        TakenBack: by `until`, as `signer/cli/prompt.py` says.
    """
    refuse_shortcut(coin, network, yes=yes)
    if not yes and not prompt.confirm(question, until=until):
        raise Refused(
            Refusal(
                _REVIEW,
                "officer.declined",
                "the officer did not say yes",
                Fault.OFFICER,
                expected="yes",
                found="something else",
                hint="nothing was signed; run the command again to confirm",
            )
        )
