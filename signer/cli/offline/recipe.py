"""`coldsign key recipe`: how an officer computes by hand what the dice and the machine made."""

import typer

from signer.cli.session import HomeOption, JsonFlag, session

TEXT = """\
how to compute a key by hand, after
  key create NAME --dice --show-mixing     (with --coins as well, if you like)
or, with nothing but your own throws,
  key create NAME --dice --no-system

use a machine that never sees a network and has no disk (Tails, for instance): what you type there
is the key. the digits are asked for, so no history and no other program sees them.

0. is that machine honest? this must print 8d969eef6ecad3c2... and end in 3adc6c92, the published
   answer (coldcard.com/docs/verifying-dice-roll-math):

       printf 123456 | sha256sum

1. hash the rolls: run this, type them, then enter and control-d. write down the 64 digits:

       tr -cd 1-6 | sha256sum

2. the same for flips of a coin, if you made any:

       tr -cd 01 | sha256sum

3. run this; give it 16 for 12 words or 32 for 24 words, then each line of steps 1 and 2, and what
   --show-mixing showed before you threw; then an empty line:

       python3 -c '
       from hashlib import sha256
       size, mixed = int(input("bytes: ")), 0
       while line := "".join(input("64 digits, or nothing: ").split()):
           mixed ^= int(line[: 2 * size], 16)
       secret = mixed.to_bytes(size, "big")
       check = f"{sha256(secret).digest()[0]:08b}"[: size // 4]
       bits = f"{mixed:0{8 * size}b}" + check
       print("secret:", secret.hex())
       print("words: ", *(int(bits[at : at + 11], 2) + 1 for at in range(0, len(bits), 11)))
       '

   it prints the places of your words in the list of BIP39, whose first, abandon, is number 1. for
   a key with slip39 or codex32 shares, the secret is what other programs recover from the shares.

4. with --dice --no-system there is a shorter way: a Coldcard (99 rolls or more, 24 words) or a
   SeedSigner (50 rolls for 12 words, 99 for 24) shows the same words for the same rolls.

burn what you wrote down, rolls and digits: whoever finds it has the key.
"""


def recipe(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Print how to compute by hand what `key create` made of dice, coins and the machine."""
    session(context, as_json=as_json, home=home).emit({"recipe": TEXT}, TEXT.rstrip())
