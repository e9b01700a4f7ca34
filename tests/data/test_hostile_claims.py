"""Data files that claim more than they hold or are of another kind: each is refused at once, in every kind of file."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.data_files import colour, idx
from tests.refused_files import TEN_TB, refused_data, rezipped
from tests.safetensors_files import safetensors_bytes
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError

LABELS = np.arange(6)


def npy_claiming(shape: tuple[int, ...], descr: str = "|u1", data: bytes = b"abc") -> bytes:
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def zipped(content: bytes, method: int, **claims: int) -> bytes:
    """An .npz of `images` and `labels`; claims: changes of its directory's entries."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in ("images.npy", "labels.npy"):
            archive.writestr(name, content)
        for info in archive.infolist():
            for key, value in claims.items():
                setattr(info, key, value)
    return stream.getvalue()


def bomb() -> bytes:
    """300 MB of zeros in 300 kB, with the right sizes in the directory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    header = npy_claiming((100_000, 3, 32, 32), data=b"")
    packed = packer.compress(header)
    packed += b"".join(packer.compress(bytes(2**20)) for _ in range(307_200_000 // 2**20))
    packed += packer.compress(bytes(307_200_000 % 2**20)) + packer.flush()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in ("images.npy", "labels.npy"):
            archive.writestr(name, packed)
        for info in archive.infolist():
            info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, 307_200_000 + len(header)
    return stream.getvalue()


def mat_claiming(count: int, packed: bool = False) -> bytes:
    """A MATLAB 5 file whose X claims `count` images, and 2147481600 bytes: 699050 images."""

    def element(kind: int, data: bytes) -> bytes:
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    body = element(6, struct.pack("<II", 9, 0)) + element(5, struct.pack("<4i", 32, 32, 3, count))
    matrix = element(14, body + element(1, b"X") + struct.pack("<II", 2, 699050 * 3072))
    return (
        b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + (element(15, zlib.compress(matrix)) if packed else matrix)
    )


CLAIMS = {
    "a.npy": [
        (npy_claiming((TEN_TB,)), "claims too much"),
        (npy_claiming((10**9, 3, 32, 32)), "claims too much"),
        (npy_claiming((10**30, 3, 32, 32)), "claims too much"),
        (npy_claiming((-1, 3, 32, 32)), "shape"),
        (npy_claiming((10**18, 0)), "holds nothing"),
        (npy_claiming((6, 3, 32, 32), "|V0"), "shape"),
        (npy_claiming((6, 3, 32, 32), "|O"), "Python objects"),
        (npy_claiming((6,), "[('a', '<i4')]"), "no whole NumPy array"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "no whole NumPy array"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{", "no whole NumPy array"),
        (b"\x93NUMPY\x09\x00", "no whole NumPy array"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000, "no whole NumPy array"),
    ],
    "a.npz": [
        (zipped(npy_claiming((TEN_TB,)), zipfile.ZIP_STORED), "claims too much|claims to be"),
        (zipped(npy_claiming((TEN_TB,)), zipfile.ZIP_DEFLATED), "claims to be"),
        (zipped(npy_claiming((6,)), zipfile.ZIP_DEFLATED, file_size=TEN_TB), "claims to unpack"),
        (zipped(npy_claiming((TEN_TB,)), zipfile.ZIP_DEFLATED, file_size=TEN_TB + 100), "claims to unpack"),
        (zipped(npy_claiming((6,)), zipfile.ZIP_STORED, file_size=TEN_TB), "and claims 10000000000000"),
        (
            zipped(npy_claiming((TEN_TB,)), zipfile.ZIP_STORED, file_size=TEN_TB, compress_size=TEN_TB),
            "claims too much",
        ),
        (zipped(npy_claiming((3,)), zipfile.ZIP_DEFLATED, header_offset=5), "cannot be read"),
        (zipped(npy_claiming((3,)), zipfile.ZIP_STORED, header_offset=10**9), "has no member"),
        (zipped(npy_claiming((3,)), zipfile.ZIP_LZMA), "numpy does not write"),
        (zipped(npy_claiming((3,)), zipfile.ZIP_STORED, flag_bits=1), "encrypted"),
        (zipped(b"", zipfile.ZIP_STORED), "no whole NumPy array"),
        (bomb(), "claims to unpack from .* to 307 MB"),
    ],
    "mnist": [
        (idx(np.zeros((6, 28, 28), np.uint8))[:16].replace(b"\0\0\0\6", b"\xff\xff\xff\xff"), "claims too much"),
        (b"\x1f\x8b" + b"\0" * 40, "cannot be unpacked"),
        (
            b"\x1f\x8b\x08" + bytes(7) + zlib.compress(b"\0\0\x08\x03" + b"\xff" * 12, wbits=-15) + bytes(8),
            "claims to unpack",
        ),
    ],
    "svhn": [(mat_claiming(2**31 - 1), "cannot be read|claims to unpack"), (mat_claiming(3), "cannot be read")],
}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param(name, *case, id=f"{name}-{number}")
        for name, all_ in CLAIMS.items()
        for number, case in enumerate(all_)
    ],
)
def test_a_file_that_claims_too_much_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    files = {"mnist": "t10k-images-idx3-ubyte", "svhn": "test_32x32.mat"}
    if name == "mnist" and content[:2] == b"\x1f\x8b":
        files["mnist"] += ".gz"
    (tmp_path / files.get(name, name)).write_bytes(content)
    np.save(tmp_path / "labels.npy", LABELS)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS.astype(np.uint8)))
    spec = f"{name}:{tmp_path}" if name in files else str(tmp_path / name)
    with pytest.raises(DataError, match=message):
        read_samples(spec)
    refused_data(spec)


def test_a_tensor_larger_than_its_storage_is_refused(tmp_path: Path) -> None:
    """A tensor that is expanded with stride 0 repeats one byte."""
    images = torch.zeros(1, 3, 8, 8, dtype=torch.uint8).expand(10**9, 3, 8, 8)
    torch.save({"images": images, "labels": torch.zeros(1).expand(10**9)}, tmp_path / "a.pt")
    assert "claims a tensor of 192000000000 bytes" in refused_data(str(tmp_path / "a.pt")).what


def test_a_compressed_pt_is_refused(tmp_path: Path) -> None:
    torch.save({"images": torch.zeros(6, 3, 8, 8), "labels": torch.arange(6)}, tmp_path / "a.pt")
    rezipped(tmp_path / "a.pt", method=zipfile.ZIP_DEFLATED)
    assert "is compressed" in refused_data(str(tmp_path / "a.pt")).what


def test_a_pt_that_claims_more_than_its_file_is_refused(tmp_path: Path) -> None:
    torch.save({"images": torch.zeros(6, 3, 8, 8), "labels": torch.arange(6)}, tmp_path / "a.pt")
    whole = (tmp_path / "a.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        (stored,) = [info for info in archive.infolist() if info.file_size == 6 * 3 * 64 * 4]
    claim = struct.pack("<II", 2**31, 2**31)
    changed = whole.replace(struct.pack("<II", stored.file_size, stored.file_size), claim)
    assert changed != whole
    (tmp_path / "a.pt").write_bytes(changed)
    refused_data(str(tmp_path / "a.pt"))


def test_empty_and_huge_labels_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=colour(), labels=np.zeros((6, 0)))
    assert "which holds nothing" in refused_data(str(tmp_path / "a.npz")).what
    np.savez(tmp_path / "a.npz", images=colour(), labels=np.full(6, 2**63, dtype=np.uint64))
    assert "highest label" in refused_data(str(tmp_path / "a.npz")).what


# what it is instead


OTHERS = {
    "empty": (b"", "is empty"),
    "a Git LFS pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n",
        "Git LFS pointer",
    ),
    "a web page": (b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page"),
    "an error of a store": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is an XML document"),
    "text": (b"404: Not Found", "is text|404|cannot be read|claims a header"),
    "zeros": (bytes(4096), "something else|cannot be read|claims|not JSON|zip"),
}
NAMES = (
    "a.npz",
    "a.npy",
    "a.pt",
    "a.safetensors",
    "a.parquet",
    "test_batch",
    "t10k-images-idx3-ubyte",
    "test_32x32.mat",
)
SPECS = {"test_batch": "cifar10:{}", "t10k-images-idx3-ubyte": "mnist:{}", "test_32x32.mat": "svhn:{}"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", OTHERS)
def test_a_file_of_another_kind_is_refused_with_its_kind(tmp_path: Path, name: str, other: str) -> None:
    content, message = OTHERS[other]
    (tmp_path / name).write_bytes(content)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS.astype(np.uint8)))
    np.save(tmp_path / "labels.npy", LABELS)
    spec = SPECS[name].format(tmp_path) if name in SPECS else str(tmp_path / name)
    with pytest.raises(DataError, match=message):
        read_samples(spec)
    refused_data(spec)


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.pt", "a.safetensors", "a.parquet"])
def test_a_folder_and_an_absent_file_are_refused(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "labels.npy", LABELS)
    assert "there is no such file" in refused_data(str(tmp_path / name)).what
    (tmp_path / name).mkdir()
    assert "is a folder" in refused_data(str(tmp_path / name)).what


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.pt", "old.pt", "a.safetensors"])
def test_a_file_that_is_cut_short_anywhere_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    np.save(tmp_path / "labels.npy", LABELS)
    if name == "a.npz":
        np.savez_compressed(path, images=colour(size=8), labels=LABELS)
    elif name == "a.npy":
        np.save(path, colour(size=8))
    elif name == "a.safetensors":
        path.write_bytes(safetensors_bytes({"images": colour(size=8), "labels": LABELS}))
    else:
        content = {"images": torch.zeros(6, 3, 8, 8), "labels": torch.arange(6)}
        torch.save(content, path, _use_new_zipfile_serialization=name == "a.pt")
    whole = path.read_bytes()
    read_samples(str(path))
    for part in range(1, 20):
        path.write_bytes(whole[: len(whole) * part // 20])
        refused_data(str(path))
