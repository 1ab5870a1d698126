"""What every test needs of the process that it runs in."""

import os
import signal
import sys

from hypothesis import HealthCheck, settings

# A shell that starts the tests in the background has them ignore SIGINT, and so would every program
# that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Drawing examples takes long on a machine that does much else, which says nothing about a test.
settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("busy")

# Tests start the programs thousands of times. Where the environment forbids Python to keep what it
# compiled, each start would compile the whole product again: half of what it costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
