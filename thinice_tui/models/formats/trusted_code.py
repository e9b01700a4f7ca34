"""Runs code of a model file that the user trusts: says so before it runs, and lets it find the user's own classes."""

import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.user_code import import_code, importable_from
from thinice_tui.safe_io.printable import printable

_MISSING = re.compile(r"Can't get attribute '([^']+)' on <module '(?:[^']+\.)?([^'.]+)'")


@contextmanager
def running_code(path: Path, options: ReadOptions) -> Iterator[None]:
    """Say on stderr which file's code runs, with its sha256, and let it import from the current folder, which is last.

    Classes of `__main__`, of the script that saved the file, are those of `options.script`. Raises UsageError or
    CodeError where that script cannot be imported.
    """
    script = import_code(options.script, f"--arch {options.script}") if options.script else None
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    print(printable(f"running code of {path} (sha256 {sha256})"), file=sys.stderr, flush=True)
    importable_from(Path.cwd())
    main = sys.modules["__main__"]
    sys.modules["__main__"] = script or main
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def unloadable(path: Path, options: ReadOptions, error: Exception) -> CheckpointError:
    """The error for a trusted file whose code raised `error` while it was loaded."""
    missing = _MISSING.match(str(error)) if isinstance(error, AttributeError) else None
    if missing and options.script:
        return CheckpointError(
            f"{path}: its class {missing[1]} is not in {options.script}",
            "give the script that defines it: --arch FILE.py",
        )
    if missing and missing[2] == "__main__":
        return CheckpointError(
            f"{path}: its class {missing[1]} was defined in the script that saved it",
            "give that script: --arch train.py; its code runs up to `if __name__ == '__main__'`",
        )
    return CheckpointError(
        f"{path}: cannot be loaded: {reason(error)}",
        "the code that it was saved with must be importable here, in the versions it needs",
    )
