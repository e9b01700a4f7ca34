"""How Python and the C library are set so that keys do not wait and memory is given back."""

import gc
import sys

from thinice_tui.allocator import set_thresholds

SWITCH = 0.0005
"""Seconds that one thread may hold the interpreter, a tenth of Python's: a key waits for it several times."""
RARE = 60
"""Times as many searches of the younger objects before Python itself looks through all; 10 by default."""
LARGE = 1 << 20
"""Bytes from which memory comes straight from the system, and goes back to it."""


def prioritise_keys() -> None:
    """Set this process up for an interface: called once, before it begins."""
    sys.setswitchinterval(SWITCH)
    gc.set_threshold(*gc.get_threshold()[:2], RARE)
    gc.freeze()  # what was imported stays
    gc.enable()
    # glibc raises that limit as large arrays come and go, and then keeps them, for each thread anew.
    set_thresholds(LARGE)
