"""Weights as NumPy saves them: `.npz`, an `.npy` of a dict, or a plain pickle of a dict of arrays."""

import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.formats.arrays import with_tensors
from thinice_tui.models.formats.containers import find_weights
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.torch_files import TRUST
from thinice_tui.models.formats.trusted_code import running_code, unloadable
from thinice_tui.safe_io.limits import check_unpacks, file_size
from thinice_tui.safe_io.npy_header import read_npy_header
from thinice_tui.safe_io.numpy_stand_ins import STAND_INS
from thinice_tui.safe_io.restricted_unpickler import read_pickle, unpickled
from thinice_tui.safe_io.torch_file import ZIP, check_pickle_of_arrays, is_plain_pickle

NPY = b"\x93NUMPY"
EXPECTED = "a dict of arrays by the weights' names"
_DO = f"expected {EXPECTED}, as numpy.savez(path, **weights) writes it"


def is_npz(path: Path, head: bytes) -> bool:
    """Whether `path` is a zip archive of arrays."""
    if not head.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_npz(path: Path, _head: bytes, options: ReadOptions) -> FileContent:
    """The arrays of an archive by name; raises CheckpointError before more is unpacked than real data holds."""
    held = file_size(path, CheckpointError)
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
            check_unpacks(str(path), held, total, "save the weights as safetensors", CheckpointError)
            arrays = {entry.filename.removesuffix(".npy"): _entry(archive, entry, path) for entry in archive.infolist()}
    except CheckpointError:
        raise
    except Exception as error:  # zipfile and NumPy raise half a dozen types for damaged archives
        raise CheckpointError(f"{path}: is not readable as an .npz ({reason(error)})", _DO) from error
    return find_weights(with_tensors(arrays, path), path, "NumPy .npz", options, size=max(held, total))


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> object:
    """One array; or what is in it, where it is an array of objects."""
    name = f"{path}: {entry.filename}"
    check_unpacks(name, entry.compress_size, entry.file_size, "save the weights as safetensors", CheckpointError)
    with archive.open(entry) as stream:
        header = read_npy_header(stream, name, CheckpointError, allow_objects=True)  # type: ignore[arg-type]
        content = stream.read()
    if header.dtype.hasobject:
        return _single(unpickled(content, name, EXPECTED, CheckpointError), header.shape)
    return np.frombuffer(content, header.dtype).reshape(header.shape, order="F" if header.fortran else "C")


def is_npy(_path: Path, head: bytes) -> bool:
    """Whether a file with these first bytes is an .npy."""
    return head.startswith(NPY)


def read_npy(path: Path, _head: bytes, options: ReadOptions) -> FileContent:
    """The weights of an .npy that holds a dict, as numpy.save(path, weights) writes it; raises CheckpointError."""
    with path.open("rb") as stream:
        header = read_npy_header(stream, str(path), CheckpointError, allow_objects=True)
        offset = stream.tell()
    if not header.dtype.hasobject:
        shape = "×".join(map(str, header.shape)) or "one number"
        raise CheckpointError(f"{path}: holds one array ({shape}), expected {EXPECTED}", _DO)
    content = _single(read_pickle(path, EXPECTED, CheckpointError, offset), header.shape)
    return find_weights(with_tensors(content, path), path, "NumPy .npy", options)


def is_pickle(_path: Path, head: bytes) -> bool:
    """Whether a file with these first bytes is a pickle that torch.save did not write."""
    return is_plain_pickle(head)


def read_numpy_pickle(path: Path, _head: bytes, options: ReadOptions) -> FileContent:
    """The weights of a pickle of arrays, or of any pickle where `options` allow its code to run.

    Raises CheckpointError.
    """
    try:
        check_pickle_of_arrays(path, STAND_INS.keys(), TRUST, CheckpointError)
        content, code_ran = read_pickle(path, EXPECTED, CheckpointError), False
    except CheckpointError:
        if not options.trust:
            raise
        content, code_ran = _trusted(path, options), True
    return replace(find_weights(with_tensors(content, path), path, "pickle", options), code_ran=code_ran)


def _trusted(path: Path, options: ReadOptions) -> object:
    with running_code(path, options):
        try:
            with path.open("rb") as stream:
                return pickle.load(stream)
        except Exception as error:  # classes of the file may raise anything
            raise unloadable(path, options, error) from error


def _single(content: object, shape: tuple[int, ...]) -> object:
    """The one object of an array of shape (), which is unpickled as a list."""
    return content[0] if shape == () and isinstance(content, list) and len(content) == 1 else content
