"""Messages of the engine in the words of its Python front: it has arguments where the command line has options."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from thinice_tui.errors import ThiniceError

_ARRAYS = "the images and the module"
_PHRASES = (
    ("give a factory with --arch FILE.py:factory whose network returns", "wrap it in a module that returns"),
    ("remove the softmax at its end, through --arch", "remove the softmax at its end"),
    ("store the images before normalisation, and give --normalize", "give images before normalisation, to a module"),
    ("check --normalize, --arch and --data", f"check {_ARRAYS}"),
    ("check --arch, --data and the class order", f"check {_ARRAYS}, and the class order"),
    ("check --data and --arch", f"check {_ARRAYS}"),
    ("give another file with --run, or repeat the command that made this one", "give another file with run"),
    ("--audit and --no-escalate", "audit and escalate"),
    ("they are for --attack fast", 'they are for attack="fast"'),
    ("expected auto or a number from 1", "expected None or a number from 1"),
    ("--normalize ", "the normalisation "),
    ("; --debug shows where it failed", "; the exception that caused this one shows where it failed"),
    ("; is a path wrong?", "; is it the wrong module?"),
    ("; is a path wrong, ", "; is it the wrong module, "),
    (": check the paths", ": check the modules"),
    ("name a file in it: --run ", "name a file in it: "),
    ("repeat the command that made it", "repeat the call that made it"),
    ("leave out layout=NCHW", "move the channels: images.permute(0, 3, 1, 2), in NumPy transpose"),
    (", as with --data cifar10:DIR#train", ""),
    ("repeat the command to continue", "call it again to continue"),
    ("repeat the command", "call it again"),
)
"""What the engine says of the command line, and what is said in Python; a longer phrase comes first."""
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


def in_python(text: str) -> str:
    """`text` with arguments in place of options: `norm` for `--norm`."""
    for said, meant in _PHRASES:
        text = text.replace(said, meant)
    return _OPTION.sub(lambda option: option[1].replace("-", "_"), text)


def reword(error: ThiniceError) -> None:
    """Put the error's message into the words of Python."""
    error.what, error.do = in_python(error.what), in_python(error.do)
    error.args = (error.what,)


@contextmanager
def words_of_python() -> Iterator[None]:
    """Inside, errors speak of arguments in place of options."""
    try:
        yield
    except ThiniceError as error:
        reword(error)
        raise
