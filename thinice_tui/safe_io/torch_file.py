"""Files of torch.save: what kind they are, what they import and how much they claim, before torch reads them."""

import io
import pickle
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from thinice_tui.errors import ThiniceError, reason
from thinice_tui.safe_io.file_kind import kind
from thinice_tui.safe_io.limits import file_size
from thinice_tui.safe_io.pickle_scan import PickleScan, scan_pickle

TorchForm = Literal["torch", "torch legacy"]
ZIP = b"PK\x03\x04"
_LEGACY_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The number that files of torch.save from before torch 1.6 begin with, as a pickle after its protocol."""
_SCANNED_BYTES = 256 * 2**20
"""Bytes of a legacy file that are scanned for pickles: its tensors come after them, and names take far fewer."""
_SLACK = 16 * 2**20
"""Bytes that a zip archive may claim beyond its size: TorchScript compresses its code."""
_LEGACY_PICKLES = 4
"""Pickles before the storages of a file from before torch 1.6: magic number, protocol, system, content."""
_TENSORFLOW = frozenset({"tensorflow", "keras", "tf_keras"})
_AGAIN = "expected a file written by torch.save or safetensors; copy it again if it was cut short"


@dataclass(frozen=True)
class TorchFile:
    """What a file of torch.save is and names."""

    form: TorchForm
    scan: PickleScan
    compressed: str = ""
    """An entry of the archive that is compressed, which torch.save never does; empty: none."""


def examine_torch_file(path: Path, head: bytes, error: type[ThiniceError]) -> TorchFile:
    """Scan a file of torch.save without running anything of it; head: its first bytes.

    Raises `error` where torch.save did not write it, where it is cut short, and where it claims more bytes than it
    holds.
    """
    try:
        return _examine_zip(path, error) if head.startswith(ZIP) else _examine_legacy(path, head, error)
    except ThiniceError:
        raise
    except Exception as caught:  # zipfile raises half a dozen types for damaged archives
        raise unreadable_torch_file(path, head, caught, error) from caught


def archive_entries(path: Path, error: type[ThiniceError]) -> list[zipfile.ZipInfo]:
    """The entries of a zip archive; raises `error` where they claim more than the file can hold, or BadZipFile."""
    size = file_size(path, error)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    claimed = sum(entry.file_size for entry in entries)
    if claimed > size + _SLACK:  # torch does not compress tensors: they take the same bytes in the file
        raise error(
            f"{path}: claims {claimed:,} bytes in a file of {size:,}: it is compressed, or made to fill the memory",
            "expected a file as torch.save writes it; unpack and save it again if you compressed it yourself",
        )
    return entries


def unreadable_torch_file(
    path: Path, head: bytes, caught: Exception, error: type[ThiniceError] = ThiniceError
) -> ThiniceError:
    """The error for a file that torch cannot read; head: its first bytes, or empty where they say nothing."""
    found = kind(head) if head else ""
    named = f"; it looks like {found}" if found not in ("", "something else", "a zip archive") else ""
    return error(f"{path}: is not a readable file of torch.save, or is truncated ({reason(caught)}{named})", _AGAIN)


def _examine_zip(path: Path, error: type[ThiniceError]) -> TorchFile:
    entries = archive_entries(path, error)
    content = next((entry for entry in entries if entry.filename.partition("/")[2] == "data.pkl"), None)
    if content is None:
        raise pickle.UnpicklingError("a zip archive without data.pkl")
    with zipfile.ZipFile(path) as archive:
        scan = scan_pickle(io.BytesIO(archive.read(content)))
    sizes = {entry.filename.rpartition("/")[2]: entry.file_size for entry in entries if "/data/" in entry.filename}
    for storage in scan.storages:
        _check_claim(path, storage.claimed, sizes.get(storage.key, 0), error)
    packed = (e.filename for e in entries if e.compress_type != zipfile.ZIP_STORED or e.file_size != e.compress_size)
    return TorchFile("torch", scan, next(packed, ""))


def _examine_legacy(path: Path, head: bytes, error: type[ThiniceError]) -> TorchFile:
    if head[257:262] == b"ustar":
        raise error(
            f"{path}: is a tar archive, as torch wrote them before 2017",
            "unpack it, and give the file in it; or where torch wrote it, load it with that torch and save it again",
        )
    size = file_size(path, error)
    with path.open("rb") as stream:
        content = io.BytesIO(stream.read(min(size, _SCANNED_BYTES)))
    scan = scan_pickle(content)
    if scan.imports:  # the first pickle of torch's is a number
        raise _not_torch(path, scan, (), "", error)
    for _ in range(_LEGACY_PICKLES - 1):
        scan = scan_pickle(content)
    _check_claim(path, sum(storage.claimed for storage in scan.storages), size, error)
    return TorchFile("torch legacy", scan)


def is_plain_pickle(head: bytes) -> bool:
    """Whether a file with these first bytes is a pickle of protocol 2 to 5 that torch.save did not write."""
    return kind(head) == "a pickle" and _LEGACY_MAGIC not in head[:32]


def check_pickle_of_arrays(path: Path, allowed: Collection[str], trust: str, error: type[ThiniceError]) -> None:
    """Raise `error` where a plain pickle names anything but `allowed`; trust: the option that lets its code run."""
    with path.open("rb") as stream:
        content = io.BytesIO(stream.read(min(file_size(path, error), _SCANNED_BYTES)))
    try:
        scan = scan_pickle(content)
    except pickle.UnpicklingError as caught:
        raise unreadable_torch_file(path, content.getvalue()[:512], caught, error) from caught
    if not set(scan.imports) <= set(allowed):
        raise _not_torch(path, scan, allowed, trust, error)


def _not_torch(
    path: Path, scan: PickleScan, allowed: Collection[str], trust: str, error: type[ThiniceError]
) -> ThiniceError:
    """The error for a pickle that another program wrote; trust: the option that reads it; empty: there is none."""
    if any(name.partition(".")[0] in _TENSORFLOW for name in scan.imports):
        return error(
            f"{path}: is a TensorFlow pickle ({scan.named()}), expected torch weights",
            "convert it: load it in TensorFlow, and save its arrays as a torch state dict or as safetensors",
        )
    blocked = scan.refused(allowed) or scan.named()
    if "torch.storage._load_from_bytes" in scan.imports:
        others = "" if blocked.startswith("torch.storage.") else f" and {blocked}"
        what = f"is a plain pickle of torch tensors{others}"
        do = "load it yourself, and save its tensors with torch.save(weights, 'weights.pt') instead of pickle.dump"
        return error(f"{path}: {what}, which would have to run code to load", do + _or_trust(trust))
    return error(
        f"{path}: is a pickle that torch did not write (it names {blocked})",
        "thinice-tui runs no code of a file: load it yourself, and save its tensors with torch.save" + _or_trust(trust),
    )


def _or_trust(trust: str) -> str:
    return f"; or where you trust it, add {trust}" if trust else ""


def _check_claim(path: Path, claimed: int, held: int, error: type[ThiniceError]) -> None:
    """Raise `error` where tensors claim more bytes than the file holds for them."""
    if claimed > held:
        raise error(
            f"{path}: claims {claimed:,} bytes of tensors, but holds {held:,}: it is cut short or made up",
            "copy or download it again",
        )
