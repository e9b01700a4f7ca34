"""A person's tags on samples, in a small file beside the run: NAME.thinice.tags, as JSON.

The run file itself has one writer, the engine. Views add and remove tags under a lock, so that none loses another's.
"""

import json
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thinice_tui.errors import RunBusyError, RunFileError
from thinice_tui.runfile.records import Tags
from thinice_tui.safe_io.atomic_write import write_whole
from thinice_tui.safe_io.printable import printable

FORMAT, VERSION = "thinice-tui tags", 1
LARGEST = 16 * 2**20
"""Bytes of a file that is read."""
LONGEST, MOST = 40, 20
"""Characters of a tag, and tags of one sample."""
PATIENCE = 5.0
"""Seconds that a change waits for other views that write tags."""


def tags_file(run: Path) -> Path:
    """The file of the tags of the run file `run`."""
    return Path(f"{run}.tags")


def check_tag(tag: str) -> None:
    """Raise ValueError, with what was expected, where `tag` cannot be one."""
    if not tag or tag.startswith("-") or tag.lower() in ("none", "?") or "," in tag or " " in tag:
        raise ValueError("expected a word without blanks and commas that is not none and does not begin with -")
    if len(tag) > LONGEST or not tag.isprintable():
        raise ValueError(f"expected at most {LONGEST} characters that can be printed")


def parse_tags(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """What to add and what to remove, from `odd blurry -dark`; raises ValueError where a word cannot be a tag."""
    words = text.replace(",", " ").split()
    for word in words:
        try:
            check_tag(word.removeprefix("-"))
        except ValueError as error:
            raise ValueError(f"{printable(word[:LONGEST])}: {error}") from error
    added = frozenset(word for word in words if not word.startswith("-"))
    return added, frozenset(word[1:] for word in words if word.startswith("-"))


def read_tags(run: Path, data: str) -> Tags:
    """The tags beside the run file `run`; none where there is no file.

    data: the checksum of the run's data, which the file must name. Raises RunFileError where the file is not one that
    this version has written.
    """
    file = tags_file(run)
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise _refused(file, f"no file of at most {LARGEST} bytes")
        content = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _refused(file, f"it cannot be read, {error.strerror}") from error
    try:
        stored = json.loads(content)
        if type(stored) is not dict or stored.get("format") != FORMAT:
            raise ValueError(f"expected JSON of the format {FORMAT}")
        if stored["version"] != VERSION:
            raise ValueError(f"its version is not {VERSION}: a newer thinice-tui wrote it")
        if stored["data"] != data:
            raise ValueError("it is about other data than this run")
        return {_index(index): _tags(tags) for index, tags in stored["samples"].items() if tags}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(file, printable(str(error))[:200]) from error


def change_tags(run: Path, data: str, indices: Iterable[int], added: Iterable[str], removed: Iterable[str]) -> None:
    """Add and remove tags of the samples with these indices, whatever other views write meanwhile.

    Raises RunFileError where the file is not understood, which is then left as it is, or cannot be written.
    """
    file = tags_file(run)
    with _alone(file):
        tags = dict(read_tags(run, data))
        for index in indices:
            now = set(tags.pop(index, ())) - set(removed) | set(added)
            if len(now) > MOST:
                raise RunFileError(f"sample {index} would have {len(now)} tags", f"a sample has at most {MOST}")
            if now:
                tags[index] = tuple(sorted(now))
        samples = {str(index): list(tags[index]) for index in sorted(tags)}
        text = json.dumps({"format": FORMAT, "version": VERSION, "data": data, "samples": samples}, indent=1) + "\n"
        if len(text) > LARGEST:
            raise RunFileError(f"{file}: would be larger than {LARGEST} bytes", "tag fewer samples")
        try:
            write_whole(file, lambda stream: stream.write(text.encode()), follow=False, sync=False)
        except OSError as error:
            raise _unwritable(file, error) from error


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold the lock of the tags' file; raises RunFileError where others hold it for long, or none can be made."""
    from thinice_tui.runfile.lock import RunLock  # imported here: a view appears before it has loaded

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            lock = RunLock(file)
            break
        except RunBusyError:
            if time.monotonic() > deadline:
                raise RunFileError(f"{file}: another program is writing to it", "try again") from None
        except OSError as error:
            raise _unwritable(file, error) from error
    try:
        yield
    finally:
        lock.release()


def _unwritable(file: Path, error: OSError) -> RunFileError:
    return RunFileError(
        f"{file}: cannot be written ({error.strerror})", "tags are kept beside the run: copy it to a folder of yours"
    )


def _refused(file: Path, why: str) -> RunFileError:
    return RunFileError(f"{file}: is not understood ({why})", "no tags are shown and the file is left as it is")


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(f"{text[:40]} is no sample's number")
    return int(text)


def _tags(stored: Any) -> tuple[str, ...]:
    if type(stored) is not list or len(stored) > MOST or not all(type(tag) is str for tag in stored):
        raise ValueError(f"expected a list of at most {MOST} tags")
    for tag in stored:
        check_tag(tag)
    return tuple(sorted(set(stored)))
