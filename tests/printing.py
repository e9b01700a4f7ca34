"""A model that prints wherever a user's code can: `--arch tests/printing.py:printing`, or as a whole module.

It takes the weights of the linear models in tests/linear_models.py.
"""

import atexit
import ctypes
import os
import sys

from torch import Tensor, nn

from tests.linear_models import Wrapped

WORDS = (
    "said as it is imported",
    "said as it is made",
    "said in its forward pass",
    "said by write",
    "said by puts at once",
    "said by puts at the end",
    "said as the interpreter ends",
)
"""What it prints, each at least once; the text of the forward pass only when that is run."""
imported, made, forward, written, put, buffered, ended = WORDS


def say_from_c() -> None:
    """Print through the system call, through C's buffer, and when the interpreter ends."""
    atexit.register(print, ended)
    libc = ctypes.CDLL(None)
    os.write(1, f"{written}\n".encode())
    libc.puts(put.encode())
    libc.fflush(None)
    libc.puts(buffered.encode())  # stays in C's buffer until the process ends, where stdout is no terminal


class Printing(Wrapped):
    """The linear model, which prints in its forward pass."""

    def forward(self, x: Tensor) -> Tensor:
        print(forward)
        return self.logits(x)

    def __setstate__(self, state: dict[str, object]) -> None:
        """Called when it is unpickled."""
        say_from_c()
        print(made)
        super().__setstate__(state)  # type: ignore[no-untyped-call]


def printing() -> nn.Module:
    say_from_c()
    print(made)
    print("its own announcement", file=sys.__stdout__)
    print('{"run": "/another.thinice", "log": "/another.log"}')
    return Printing()


print(imported)
