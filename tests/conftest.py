"""What every test needs of the process that it runs in."""

import signal

# A shell that starts the tests in the background has them ignore SIGINT, and so would every program
# that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
