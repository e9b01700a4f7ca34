"""Data sets larger than the allowed memory are read, fingerprinted, written to a run file and read in batches.

Each test reads in a process of its own, whose memory is limited.
"""

import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.data.data_files import colour, write_folders
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError

SIZE = 256
IMAGE = 3 * SIZE * SIZE
ALLOWED = 384 * 2**20
"""The allowed growth of the address space: a few batches, the cache's share, the needs of SQLite and Python, and what
glibc reserves for each thread that decodes, 64 MiB."""

CHILD = """
import resource, sys
from pathlib import Path
import numpy as np
import thinice_tui.runfile.writer as writer
from thinice_tui.data.selection import select
from thinice_tui.data.spec import read_samples
from thinice_tui.protocol.data_options import DataOptions

spec, allowed, written = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + allowed, pages + allowed))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
samples = read_samples(spec)
assert samples.fingerprint
part = select(samples, DataOptions(shuffle=0), written)
plan = writer.RunPlan({"data": part.fingerprint}, {})
with writer.RunWriter.open(Path("a.thinice"), plan, [], part.labels, part.indices, part.each()):
    pass
random = np.random.default_rng(0)
for _ in range(2):
    rows = random.integers(0, len(samples), 64)
    images = samples.floats(rows)
    assert images.shape == (64, *samples.images.shape[1:]), images.shape
    assert images[:, 0, 0, 0].tolist() == [0] * 64
print(len(samples), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def prepared(spec: str, written: int) -> tuple[int, int]:
    """The number of samples, and the growth of the process in kB while all of them were read."""
    arguments = [sys.executable, "-c", CHILD, spec, str(ALLOWED), str(written)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    count, grown = done.stdout.split()
    return int(count), int(grown)


def write_sparse(path: Path, count: int) -> Path:
    """`count` black images of 196 kB each, in a sparse file that takes no room on the disk."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, SIZE, SIZE, 3)}
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        stream.truncate(stream.tell() + count * IMAGE)
    return path


def test_an_npy_larger_than_memory_is_read(tmp_path: Path) -> None:
    count = 2 * 10**9 // IMAGE
    images = write_sparse(tmp_path / "images.npy", count)
    np.save(tmp_path / "labels.npy", np.arange(count) % 7)
    assert images.stat().st_size > 1.99e9
    found, grown = prepared(str(images), written=300)
    assert found == count and grown < ALLOWED // 1024


def test_an_npz_larger_than_memory_is_read(tmp_path: Path) -> None:
    count = 2 * ALLOWED // IMAGE
    images = write_sparse(tmp_path / "images.npy", count)
    np.save(tmp_path / "labels.npy", np.zeros(count, dtype=np.int64))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:  # stored, as numpy.savez does it
        archive.write(images, "images.npy")
        archive.write(tmp_path / "labels.npy", "labels.npy")
    found, grown = prepared(str(tmp_path / "a.npz"), written=100)
    assert found == count and grown < ALLOWED // 1024


def test_a_folder_of_images_larger_than_memory_is_read(tmp_path: Path) -> None:
    """Decoded, the images take twice the allowed memory; on disk they are links to one file."""
    black = np.zeros((1, 3, SIZE, SIZE), dtype=np.uint8)
    count = 2 * ALLOWED // IMAGE
    first = write_folders(tmp_path / "d", {"a": black}) / "a" / "img_0.png"
    for number in range(1, count):
        first.with_name(f"img_{number}.png").hardlink_to(first)
    found, grown = prepared(f"folder:{tmp_path}/d", written=100)
    assert found == count and grown < ALLOWED // 1024


def test_a_compressed_array_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed array is unpacked as a whole; it is refused before that where it would not fit."""
    np.savez_compressed(tmp_path / "a.npz", images=colour(100), labels=np.zeros(100, dtype=np.int64))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=500_000))
    with pytest.raises(DataError, match=r"takes 307 kB in memory, of which 500 kB are free") as caught:
        read_samples(str(tmp_path / "a.npz"))
    assert "savez instead" in caught.value.do
