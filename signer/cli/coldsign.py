"""coldsign: runs on the air-gapped machine. It holds the keys and opens no socket.

Every command's function lives in `signer/cli/offline/`; this file is the table of them. What a
command needs it imports when it runs.
"""

import gc
from typing import Final

from signer.cli import exits
from signer.cli.commands import QR, Command, Plain, Program, group

_KEY = group(
    "key",
    "The signing keys of this machine.",
    Command(
        "create",
        "offline.making:create",
        "Make a key: its words or shares are shown once, then typed back.",
    ),
    Command(
        "restore",
        "offline.making:restore",
        "Make the key that a backup stands for: words, shares, or a sealed file.",
    ),
    Command(
        "backup",
        "offline.backups:backup",
        "Back up a key once more: its words, shares, one string, or a sealed file.",
    ),
    Command(
        "verify-backup",
        "offline.backups:verify_backup",
        "Prove that a backup restores this key, without showing it.",
    ),
    Command(
        "drill",
        "offline.backups:drill",
        "Make words to practise with (BIP85): a child of the key, which tells nothing of it.",
    ),
    Command(
        "recipe",
        "offline.recipe:recipe",
        "Print how to compute by hand what `key create` made of dice, coins and the machine.",
    ),
    Command(
        "list", "offline.keys:list_", "List the signing keys of this machine, by their headers."
    ),
    Command(
        "xpub",
        "offline.keys:xpub",
        "Export the public key of an account (BIP48) with its origin, for a vault.",
    ),
    Command("destroy", "offline.keys:destroy", "Overwrite and remove a key."),
)
_OFFICER = group(
    "officer",
    "The approval keys of this machine.",
    Command("create", "offline.officers:create", "Make an officer's approval key."),
    Command("show", "offline.officers:show_", "Show an officer's public key."),
    Command(
        "list", "offline.officers:list_", "List the officers of this machine, by their headers."
    ),
)
_POLICY = group(
    "policy",
    "The policies of vaults.",
    Command(
        "sign",
        "offline.policy:sign",
        "Sign a policy as one of its admins, or as an admin of the one before.",
    ),
    Command(
        "accept",
        "offline.policy:accept",
        "Accept a vault's next policy on this machine, after reading what it changes.",
    ),
)
_DEVICE = group(
    "device",
    "The USB signers that are plugged in.",
    Command(
        "list",
        "offline.device:list_",
        "List the devices that are plugged in: model, firmware, fingerprint, locked or not.",
    ),
    Command("info", "offline.device:info", "Show what one device is, and what it can do."),
    Command(
        "xpub",
        "offline.device:xpub",
        "Export a device's public key of an account (BIP48) with its origin, for a vault.",
    ),
    Command(
        "register",
        "offline.device:register",
        "Tell a device a vault; its officer compares and confirms on the device's screen.",
    ),
    Command(
        "address",
        "offline.device:address",
        "Show an address of a vault on a device, and print the device's beside ours.",
    ),
    Command(
        "udev",
        "offline.device:udev",
        "Print the udev rules that let you open the devices on Linux.",
    ),
)
_JOURNAL = group(
    "journal",
    "The record of what this machine did.",
    Command("show", "offline.journal:show_", "Show the newest entries."),
    Command(
        "verify",
        "offline.journal:verify",
        "Verify every line, document and receipt; and ask for each verdict again, as it was then.",
    ),
    Command(
        "export",
        "offline.journal:export",
        "Write journal, documents, receipts and evidence into one file, for an auditor.",
    ),
)
_BSMS = group(
    "bsms",
    "Setting up a vault with others (BIP129).",
    Command(
        "record",
        "offline.bsms:record",
        "Round 1: give this key to the coordinator, signed with itself.",
    ),
    Command("check", "offline.bsms:check", "Round 2: check a record, and show what to compare."),
    Command(
        "accept",
        "offline.bsms:accept",
        "Round 2: check a record, keep it in the journal, end the session.",
    ),
    Command("close", "offline.bsms:close", "End a session without a wallet."),
)
_KIT = group(
    "kit",
    "The offline kit, from which coldsign is installed.",
    Command(
        "check",
        "offline.kit:check",
        "Compare every file of a kit with its manifest, and count the signatures.",
    ),
    Command(
        "sign",
        "offline.kit:sign",
        "Sign a kit as one of its releasing officers: the signature is a new file in its folder.",
    ),
)
_TABLE = (
    Command(
        "selftest",
        "offline.selftest:selftest",
        "Run the self-test, as every start does that can reach a key, and show it.",
    ),
    Command(
        "enrol",
        "offline.enrol:enrol",
        "Learn a vault: compare its id and first address with the other officers, and pin it.",
    ),
    Command(
        "approve",
        "offline.approve:approve",
        "Approve a withdrawal, a price sheet, or a balance snapshot.",
    ),
    Command(
        "inspect",
        "offline.inspect:inspect",
        "Show any PSBT; one of an enrolled vault goes through the checks of `sign`, too.",
        Plain("offline.inspecting:inspected"),
    ),
    Command(
        "sign",
        "offline.sign:sign",
        "Check a PSBT, show what it does, and sign it if the officer says yes.",
        Plain(
            "offline.signing:signed",
            flags={"--yes": "yes"},
            words={"--key": "key"},
            files={
                "-o": "output",
                "--output": "output",
                "--passphrase-file": "passphrase_file",
            },
        ),
    ),
    Command(
        "serve",
        "offline.serve:serve",
        "Be a USB signer: check, show and sign what a host sends, if the officer here says yes.",
    ),
    Command(
        "station",
        "offline.station_key:station",
        "Show the station key of this machine, which signs refusal receipts; made at first use.",
    ),
    _KEY,
    _OFFICER,
    _POLICY,
    _DEVICE,
    _JOURNAL,
    _BSMS,
    _KIT,
    QR,
)

_KEYLESS = frozenset({"inspect"})
"""Commands that can reach no key (an import contract): the self-test leaves out what keys need."""


def _begin(command: str | None) -> None:
    """Harden the process and prove it fit to sign, before any command runs."""
    from signer.keys.hardening import harden
    from signer.sign.selftest import run

    harden()
    run(keyless=command in _KEYLESS)


app: Final = Program(
    "coldsign",
    "The signer: keys, approvals, signatures. Opens no socket.",
    _TABLE,
    home="COLDSIGN_HOME",
    folder="~/.coldsign",
    begin=_begin,
)


def main() -> None:
    """Run the program; its exit code is told by `signer/cli/exits.py`."""
    code = exits.run(app)
    gc.freeze()  # or Python looks for rubbish in all that it is about to drop: half a bare start
    raise SystemExit(code)


if __name__ == "__main__":
    main()
