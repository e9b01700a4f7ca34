"""A data spec, as typed after --data or stored in a checkpoint, to samples."""

import re
from collections.abc import Callable
from pathlib import Path

from thinice_tui.data.cifar import read_cifar10, read_cifar100
from thinice_tui.data.cifar_c import read_cifar10_c
from thinice_tui.data.folder import read_folder
from thinice_tui.data.idx import read_fashion_mnist, read_mnist
from thinice_tui.data.npy_pair import read_npy_pair
from thinice_tui.data.npz import read_npz
from thinice_tui.data.parquet import read_parquet
from thinice_tui.data.pictures import Geometry
from thinice_tui.data.pt import read_pt
from thinice_tui.data.safetensors import read_safetensors
from thinice_tui.data.samples import Samples
from thinice_tui.data.svhn import read_svhn
from thinice_tui.errors import DataError, UsageError
from thinice_tui.home import expanded
from thinice_tui.settings import DataOptions

FOLDERS: dict[str, Callable[[Path], Samples]] = {
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "svhn": read_svhn,
    "mnist": read_mnist,
    "fashion-mnist": read_fashion_mnist,
}
KINDS = (*FOLDERS, "cifar10-c", "folder")
SUFFIXES = (".npz", ".npy", ".pt", ".pth", ".safetensors", ".parquet")
EXPECTED = (
    "expected cifar10:DIR, cifar100:DIR, svhn:DIR, mnist:DIR, fashion-mnist:DIR, cifar10-c:DIR/CORRUPTION@SEVERITY, "
    "folder:DIR, or FILE.npz, IMAGES.npy,LABELS.npy, FILE.pt, FILE.safetensors or FILE.parquet"
)


def read_samples(spec: str, options: DataOptions = DataOptions()) -> Samples:  # noqa: B008  # frozen
    """All samples that `spec` names, checked as far as they are read; raises DataError or UsageError.

    After a file's name, `#images=KEY,labels=KEY` says which of its arrays are meant where their names do not, and
    after a folder's `#channels=1` reads grey images. Of the options, those for image files are heeded here.
    """
    whole, named = _split(spec)
    samples = _read(spec, whole, named, options)
    if len(samples) == 0:
        raise DataError(f"{spec}: holds no samples")
    return samples


def _read(spec: str, whole: str, named: dict[str, str], options: DataOptions) -> Samples:
    kind, colon, rest = whole.partition(":")
    path = expanded(whole)
    channels = named.pop("channels", "3") if kind == "folder" or path.suffix == ".parquet" else "3"
    geometry = Geometry(options.resize, options.crop, _channels(channels))
    if not (colon and kind == "folder") and options.class_map is not None:
        raise UsageError(f"--class-map is for folders of images, --data is {spec}", "write folder:DIR, or leave it out")
    if colon and kind == "folder":
        _none_named(spec, named)
        return read_folder(expanded(rest), geometry, options.class_map)
    if path.suffix == ".parquet" and not (colon and kind in KINDS):
        return read_parquet(path, named, geometry)
    if (options.resize, options.crop) != (None, None):
        raise UsageError(f"--resize and --crop are for image files, --data is {spec}", "leave them out")
    if colon and kind in KINDS:
        _none_named(spec, named)
        return read_cifar10_c(rest) if kind == "cifar10-c" else FOLDERS[kind](expanded(rest))
    if path.suffix == ".npy":
        _none_named(spec, named)
        images, comma, labels = whole.partition(".npy,")
        pair = (f"{images}.npy", labels) if comma else (whole, "")
        return read_npy_pair(expanded(pair[0]), expanded(pair[1]) if comma else None)
    if path.suffix == ".npz":
        return read_npz(path, named)
    if path.suffix in (".pt", ".pth"):
        return read_pt(path, named)
    if path.suffix == ".safetensors":
        return read_safetensors(path, named)
    hint = f"for a folder a class, write folder:{spec}" if path.is_dir() else "README's table says what each is"
    raise UsageError(f"--data is {spec!r}, {EXPECTED}", hint)


def stored_spec(about: dict[str, object], checkpoint: Path) -> str:
    """The data spec that a checkpoint names, its files looked up beside the checkpoint."""
    stored = about.get("dataset")
    if not isinstance(stored, str) or not stored:
        raise UsageError(f"{checkpoint} names no data set", f"give one with --data: {EXPECTED}")
    kind, colon, rest = stored.partition(":")
    if colon and kind in KINDS:
        return f"{kind}:{checkpoint.parent / rest}"
    images, comma, labels = stored.partition(".npy,")
    if comma:
        return f"{checkpoint.parent / images}.npy,{checkpoint.parent / labels}"
    return str(checkpoint.parent / stored)


def _split(spec: str) -> tuple[str, dict[str, str]]:
    """The file and what is named after its last #, where that is a list of name=value."""
    whole, mark, tail = spec.rpartition("#")
    if not mark or not re.fullmatch(r"[a-z_]+=[^,=]+(,[a-z_]+=[^,=]+)*", tail):
        return spec, {}
    named = dict(part.split("=") for part in tail.split(","))
    if wrong := sorted(named.keys() - {"images", "labels", "channels"}):
        raise UsageError(f"--data {spec}: names {', '.join(wrong)}", "after # come images=KEY, labels=KEY, channels=1")
    return whole, named


def _none_named(spec: str, named: dict[str, str]) -> None:
    if named:
        raise UsageError(f"--data {spec}: has no arrays to be named", f"leave out #{next(iter(named))}=…")


def _channels(typed: str) -> int:
    if typed not in ("1", "3"):
        raise UsageError(f"#channels={typed}", "expected channels=1 (grey) or channels=3 (RGB)")
    return int(typed)
