"""What every test needs of the process that it runs in."""

import os
import signal
import sys

# A shell that starts the tests in the background has them ignore SIGINT, and so would every program
# that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests start the programs thousands of times. Where the environment forbids Python to keep what it
# compiled, each start would compile the whole product again: half of what it costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
