"""`FILE.npz`: NumPy arrays in a zip archive, read on demand; compressed ones are unpacked into memory."""

import math
import struct
import zipfile
import zlib
from pathlib import Path

from thinice_tui.data.array_keys import find_key, other_labels
from thinice_tui.data.disk_arrays import Array, load_whole, read_npy_at
from thinice_tui.data.labels import as_texts
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.npz_member import DAMAGED, check_member_size, unpack_member

EXPECTED = "an .npz with images and labels"
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
"""Of a zip archive's member: the last two fields are the lengths of its name and of an extra field."""


def read_npz(spec: DataSpec) -> StoredData:
    """Images, labels and, where stored, `class_names` and `indices`; nothing is unpickled. Raises DataError."""
    path, named = spec.path, spec.named
    head = checked_head(path, EXPECTED, DataError)
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
        what = kind(head)
        reason = f"is {what}" if what != "a zip archive" else f"is damaged or cut short ({error})"
        raise DataError(f"{path}: cannot be read: it {reason}", f"expected {EXPECTED}, whole") from error
    except (OSError, EOFError, ValueError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", f"expected {EXPECTED}, whole") from error
    names = as_texts(load_whole(optional["class_names"], f"{path} class_names")) if "class_names" in optional else ()
    return StoredData(images, labels, str(path), optional.get("indices"), names, *other_labels(members, key, named))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    name = f"{path}: {info.filename}"
    if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
        if info.file_size != info.compress_size:
            raise DataError(f"{name}: is stored in {info.compress_size} bytes and claims {info.file_size}", DAMAGED)
        array = read_npy_at(path, _data_offset(path, info), name)
        check_member_size(name, math.prod(array.shape) * array.dtype.itemsize, info)
        return array
    remedy = "save it with numpy.savez instead of savez_compressed: it is then read from disk as needed"
    return unpack_member(archive, info, name, remedy)


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: after its local header, which may be longer than the directory says."""
    with path.open("rb") as stream:
        stream.seek(info.header_offset)
        header = stream.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
        raise DataError(f"{path}: has no member where its directory says", DAMAGED)
    name, extra = LOCAL_HEADER.unpack(header)[9:11]
    return int(info.header_offset + LOCAL_HEADER.size + name + extra)
