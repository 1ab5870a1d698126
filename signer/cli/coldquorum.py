"""coldquorum: runs on the online machine. It talks to the chain and holds no secret.

Every command's function lives in `signer/cli/online/`; this file is the table of them, in the order
in which a withdrawal needs them. What a command needs it imports when it runs.
"""

from typing import Final

from signer.cli import exits
from signer.cli.commands import QR, Command, Program, group

_VAULT = group(
    "vault",
    "Vaults: whose keys, how many of them.",
    Command("create", "online.vaults:create", "Make a vault from the key holders' public records."),
    Command(
        "show",
        "online.vaults:show_",
        "Show a vault: its id, its keys, and whether every quorum enforces the policy.",
    ),
    Command(
        "addresses",
        "online.addresses:addresses",
        "List addresses: whole, for copying, in groups of four, for comparing, and with its label.",
    ),
    Command("list", "online.vaults:list_", "List the vaults that are known here."),
    Command(
        "import",
        "online.wallets:import_",
        "Take up a vault that was made elsewhere: by Coldquorum, or by another wallet.",
    ),
    Command(
        "export",
        "online.wallets:export",
        "Write a vault as another wallet reads it: public keys, no secret.",
    ),
    Command(
        "backup",
        "online.backups:backup",
        "Write a vault and its policies into one encrypted file that each signer's xpub opens.",
    ),
    Command(
        "recover",
        "online.backups:recover",
        "Take up a vault and its policies from an encrypted backup, with any one of its xpubs.",
    ),
    Command(
        "sheet",
        "online.sheets:sheet",
        "Write a page to print, from which a stranger recovers the coins with Bitcoin Core alone.",
    ),
    Command(
        "rotate",
        "online.rotating:rotate",
        "Prepare the exchange of a key: the new vault, both policies, the sweep, a checklist.",
    ),
    Command(
        "sweep",
        "online.rotating:sweep",
        "Ask for the next withdrawal that empties one vault into another; once more for the next.",
    ),
)
_POLICY = group(
    "policy",
    "Policies: who approves what, up to how much.",
    Command(
        "new",
        "online.policies:new",
        "Print a policy to edit, as TOML: the vault's first, or its next if it has one.",
    ),
    Command(
        "check",
        "online.policies:check",
        "Say in sentences what a policy demands, or where it is wrong.",
    ),
    Command(
        "propose",
        "online.policies:propose",
        "Make the document that the admins sign; without -o it goes to stdout.",
    ),
    Command(
        "import",
        "online.policies:import_",
        "Gather the admins' signatures; once enough have signed, the policy is in force.",
    ),
    Command("show", "online.policies:show_", "Show a policy in sentences, and who has signed it."),
    Command(
        "explain",
        "online.explaining:explain",
        "Say in plain sentences what a policy demands, in English or Japanese.",
    ),
    Command("try", "online.trying:try_", "Say what signers would do with a withdrawal, and why."),
    Command(
        "diff",
        "online.explaining:diff",
        "Show two policies side by side, each change marked tighter or looser.",
    ),
)
_REQUEST = group(
    "request",
    "Withdrawals, before they are built.",
    Command("new", "online.requests:new", "Ask for a withdrawal: what the officers will approve."),
    Command(
        "show",
        "online.requests:show_",
        "Show a withdrawal: who has approved it, how many are missing, and where it is.",
    ),
    Command("list", "online.requests:list_", "List all withdrawals, with their approvals."),
    Command(
        "void",
        "online.voids:void",
        "Cancel a withdrawal: ask for a transaction that spends its anchor back into the vault.",
    ),
    Command(
        "export-history",
        "online.voids:export_history",
        "Write a vault's withdrawals to a file, for signers that are behind.",
    ),
)
_LABELS = group(
    "labels",
    "Labels of addresses, outputs, transactions (BIP329).",
    Command(
        "export",
        "online.labelling:export",
        "Write a vault's labels: those taken in, and what is known here.",
    ),
    Command("import", "online.labelling:import_", "Take labels in."),
)
_BSMS = group(
    "bsms",
    "Setting up a vault with others (BIP129).",
    Command(
        "tokens",
        "online.bsms:tokens_",
        "Draw the tokens of a new session, each into a file of its own that only you can read.",
    ),
    Command(
        "vault",
        "online.bsms:vault",
        "Round 2: make the vault from the signers' key records, and a record for each signer.",
    ),
)
_CEREMONY = group(
    "ceremony",
    "What people follow and file: a playbook, a report.",
    Command(
        "playbook",
        "online.ceremonies:playbook",
        "Write what to do when something is stolen, with the policies that shut the doors.",
    ),
    Command(
        "report",
        "online.ceremonies:report",
        "Tell what happened: policies and who signed them, withdrawals, what each vault holds.",
    ),
)
_PRICES = group(
    "prices",
    "Price sheets: what coins are worth, signed by officers.",
    Command(
        "new",
        "online.stating:new_prices",
        "Write a price sheet for officers to sign: `coldsign approve FILE`.",
    ),
    Command(
        "show",
        "online.stating:show_prices",
        "Show a price sheet, and who has signed it for which vault.",
    ),
)
_BALANCES = group(
    "balances",
    "Balance snapshots: what lies hot and cold, signed by officers.",
    Command(
        "new",
        "online.stating:new_balances",
        "Write a balance snapshot for officers to sign: `coldsign approve FILE`.",
    ),
    Command(
        "show",
        "online.stating:show_balances",
        "Show a balance snapshot, and who has signed it for which vault.",
    ),
)
_ENGINE = group(
    "engine",
    "Whose consensus code judges finished transactions here.",
    Command("show", "online.engines:show_", "Show which engines are installed."),
    Command(
        "install",
        "online.engines:install",
        "Fetch the virtual machine of Bitcoin Cash: libauth, once, from npm's registry.",
    ),
)
_PSBT = group(
    "psbt",
    "Other programs' forms of a PSBT.",
    Command(
        "to-bchn",
        "online.bchn:to_bchn",
        "Write a PSBT as Bitcoin Cash Node reads it, in base64; its wallet signs ECDSA only.",
    ),
    Command(
        "from-bchn",
        "online.bchn:from_bchn",
        "Put the signatures that Bitcoin Cash Node made into our PSBT; `combine` verifies them.",
    ),
)
_REGTEST = group(
    "regtest",
    "The embedded chain: play money, no node needed.",
    Command("info", "online.regtest:info", "Show the last block."),
    Command(
        "mine", "online.regtest:mine", "Mine blocks; the first one takes up whatever was broadcast."
    ),
    Command(
        "fund",
        "online.regtest:fund",
        "Pay play money to addresses, mining as many blocks as that takes.",
    ),
    Command(
        "reorg",
        "online.regtest:reorg",
        "Replace the last blocks by others, as a fork of the chain would.",
    ),
)
_TABLE = (
    Command("demo", "online.demo:demo", "Play a withdrawal, then three attacks."),
    _VAULT,
    _POLICY,
    _REQUEST,
    Command(
        "build", "online.building:build", "Build an approved withdrawal as a PSBT for the signers."
    ),
    Command("inspect", "online.building:inspect", "Show a PSBT or a document."),
    Command(
        "combine",
        "online.settling:combine",
        "Put the officers' signatures together, each verified.",
    ),
    Command("finalize", "online.settling:finalize", "Make the finished transaction, in hex."),
    Command("broadcast", "online.settling:broadcast", "Send a finished transaction."),
    Command(
        "bump",
        "online.building:bump",
        "Raise the fee of a withdrawal: another transaction for it, within its fee ceiling.",
    ),
    _PRICES,
    _BALANCES,
    _LABELS,
    QR,
    _BSMS,
    _CEREMONY,
    Command(
        "bundle",
        "online.kit:bundle",
        "Make the kit that installs coldsign where there is no network.",
    ),
    Command("redteam", "online.redteam:redteam", "Take the thief's seat: attack the signers."),
    _ENGINE,
    _PSBT,
    _REGTEST,
)

app: Final = Program(
    "coldquorum",
    "The coordinator: requests, transactions, the chain. Holds no secret.",
    _TABLE,
    home="COLDQUORUM_HOME",
    folder="~/.coldquorum",
    begin=lambda _command: None,  # it holds no key
)


def main() -> None:
    """Run the program; its exit code is told by `signer/cli/exits.py`."""
    raise SystemExit(exits.run(app))


if __name__ == "__main__":
    main()
