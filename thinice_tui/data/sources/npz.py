"""`FILE.npz`: NumPy arrays in a zip archive. What numpy.savez wrote is read on demand; compressed, it is unpacked."""

import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thinice_tui.data.array_keys import Stored, find_key, other_labels, whole
from thinice_tui.data.disk_arrays import Array, npy_header, read_npy_at
from thinice_tui.data.labels import texts_of
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import check_not_another_kind, first_bytes, kind
from thinice_tui.safe_io.limits import check_unpacks

EXPECTED = "an .npz with images and labels"
LOCAL_HEADER = struct.Struct("<4s5H3L2H")


def read_npz(path: Path, named: Mapping[str, str]) -> Stored:
    """Images, labels and, where stored, `class_names` and `indices`; nothing pickled is read. Raises DataError."""
    check_not_another_kind(path, EXPECTED, DataError)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            images = _read(archive, members[find_key(members, "images", named, path)], path)
            key = find_key(members, "labels", named, path)
            labels = _read(archive, members[key], path)
            optional = {
                name: _read(archive, members[name], path) for name in ("indices", "class_names") if name in members
            }
    except zipfile.BadZipFile as error:
        what = kind(first_bytes(path, EXPECTED, DataError))
        reason = f"is {what}" if what != "a zip archive" else f"is damaged or cut short ({error})"
        raise DataError(f"{path}: cannot be read: it {reason}", f"expected {EXPECTED}, whole") from error
    except (OSError, EOFError, ValueError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", f"expected {EXPECTED}, whole") from error
    names = texts_of(whole(optional["class_names"], f"{path} class_names")) if "class_names" in optional else ()
    return Stored(images, labels, str(path), optional.get("indices"), names, *other_labels(members, key, named))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    name = f"{path}: {info.filename}"
    if info.flag_bits & 1:
        raise DataError(f"{name} is encrypted", "unpack it, and save it again with numpy.savez")
    if info.compress_type == zipfile.ZIP_STORED:
        if info.file_size != info.compress_size:
            raise DataError(f"{name}: is stored in {info.compress_size} bytes and claims {info.file_size}", _DAMAGED)
        array = read_npy_at(path, _data_offset(path, info), name)
        _check_size(name, _bytes(array.shape, array.dtype), info)
        return array
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise DataError(f"{name} is packed in a way that numpy does not write", "save it again with numpy.savez")
    remedy = "save it with numpy.savez instead of savez_compressed: it is then read from disk as needed"
    check_unpacks(name, info.compress_size, info.file_size, remedy)
    with archive.open(info) as stream:
        shape, fortran, dtype = npy_header(stream, name)  # type: ignore[arg-type]  # only read() is used
        _check_size(name, _bytes(shape, dtype), info)
        found = np.frombuffer(stream.read(), dtype=dtype)
    if len(found) != math.prod(shape):
        raise DataError(f"{name}: is cut short: an array of shape {shape} has {len(found)} values", _DAMAGED)
    return found.reshape(shape, order="F" if fortran else "C")


_DAMAGED = "it is damaged: copy or download it again"


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return math.prod(shape) * dtype.itemsize


def _check_size(name: str, claimed: int, info: zipfile.ZipInfo) -> None:
    if not claimed <= info.file_size <= claimed + 2**16:
        raise DataError(
            f"{name}: claims to be {claimed} bytes, but {info.file_size} are stored",
            _DAMAGED,
        )


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: after its local header, whose extra field may differ from the directory's."""
    with path.open("rb") as stream:
        stream.seek(info.header_offset)
        header = stream.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
        raise DataError(f"{path}: has no member where its directory says", _DAMAGED)
    name, extra = LOCAL_HEADER.unpack(header)[9:11]
    return int(info.header_offset + LOCAL_HEADER.size + name + extra)
