"""One array of an .npz, unpacked into memory; nothing is unpickled."""

import math
import zipfile

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError, ThiniceError
from thinice_tui.safe_io.limits import check_unpacks
from thinice_tui.safe_io.npy_header import read_npy_header

DAMAGED = "it is damaged: copy or download it again"


def unpack_member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    name: str,
    remedy: str,
    error: type[ThiniceError] = DataError,
) -> NDArray[np.generic]:
    """The array that the member `info` holds, read-only.

    name: for messages; remedy: what to do where it takes too much memory. Raises `error` where it is encrypted,
    compressed in a way that NumPy does not write, claims another size than it has, or holds objects; what a damaged
    archive raises passes through.
    """
    if info.flag_bits & 1:
        raise error(f"{name} is encrypted", "unpack it, and save it again with numpy.savez")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise error(f"{name} is compressed in a way that numpy does not write", "save it again with numpy.savez")
    check_unpacks(name, info.compress_size, info.file_size, remedy, error)
    with archive.open(info) as stream:
        header = read_npy_header(stream, name, error)  # type: ignore[arg-type]  # only read() is used
        check_member_size(name, math.prod(header.shape) * header.dtype.itemsize, info, error)
        found = np.frombuffer(stream.read(), dtype=header.dtype)
    if len(found) != math.prod(header.shape):
        raise error(f"{name}: is cut short: an array of shape {header.shape} has {len(found)} values", DAMAGED)
    return found.reshape(header.shape, order="F" if header.fortran else "C")


def check_member_size(name: str, claimed: int, info: zipfile.ZipInfo, error: type[ThiniceError] = DataError) -> None:
    """Raise `error` where the array claims other than the bytes that are stored, up to its header."""
    if not claimed <= info.file_size <= claimed + 2**16:
        raise error(f"{name}: claims to be {claimed} bytes, but {info.file_size} are stored", DAMAGED)
