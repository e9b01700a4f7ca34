"""A data spec, as typed after --data or stored in a checkpoint, to samples."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from thinice_tui.data.decoding import Geometry
from thinice_tui.data.layout import LAYOUTS, table_advice
from thinice_tui.data.samples import Samples
from thinice_tui.data.sources.registry import EXPECTED, KINDS, SOURCES, find_source
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.sources.suggested_spec import suggested_spec
from thinice_tui.data.stored_data import to_samples
from thinice_tui.errors import DataError, UsageError
from thinice_tui.protocol.data_options import DataOptions

_SPLITS = sorted({split for source in SOURCES for split in source.splits})
_KEYS = sorted({key for source in SOURCES for key in source.keys})


def read_samples(
    spec: str,
    options: DataOptions = DataOptions(),  # noqa: B008  # frozen
    known: Sequence[str] = (),
) -> Samples:
    """All samples that `spec` names; images are read and checked later, when they are needed.

    After a file's name, `#images=KEY,labels=KEY` names its arrays where their own names do not tell which they are,
    and `#layout=NHWC` the axis of the channels. After a folder's, `#train` names the split, `#labels=coarse`
    CIFAR-100's labels, and `#channels=1` reads grey images. Of the options, only those for image files apply here.
    known: class names in the order of the model's outputs, for data that has class names instead of numbers. Raises
    DataError and UsageError.
    """
    parsed = _parse(spec)
    source = find_source(parsed)
    if source is None:
        raise UsageError(f"--data is {spec!r}, {EXPECTED}", _advice(parsed.path, spec))
    source.check(parsed)
    geometry = Geometry(options.resize, options.crop, _channels(parsed.named.get("channels", "3")))
    if options.class_map is not None and not source.class_folders:
        raise UsageError(f"--class-map is for folders of images, --data is {spec}", "write folder:DIR, or leave it out")
    if (options.resize, options.crop) != (None, None) and not source.encoded:
        raise UsageError(f"--resize and --crop are for image files, --data is {spec}", "leave them out")
    split = parsed.split or next(iter(source.splits), "")
    full = replace(parsed, split=split, geometry=geometry, class_map=options.class_map, class_names=tuple(known))
    samples = to_samples(source.read(full), parsed.named.get("layout", ""), known)
    if len(samples) == 0:
        raise DataError(f"{spec}: holds no samples", "expected at least one")
    return samples


def stored_spec(about: dict[str, object], checkpoint: Path) -> str:
    """The data spec in a checkpoint's metadata; its files are looked for beside the checkpoint. Raises UsageError."""
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


def _parse(spec: str) -> DataSpec:
    """The spec in its parts; what follows its last # is one only where it is a list of splits and name=value."""
    place, mark, tail = spec.rpartition("#")
    part = rf"({'|'.join(_SPLITS)}|[a-z_]+=[^,=]+)"
    if not mark or not re.fullmatch(rf"{part}(,{part})*", tail):
        return _with_kind(spec, spec, {}, "")
    named: dict[str, str] = {}
    split = ""
    for word in tail.split(","):
        key, equals, value = word.partition("=")
        if not equals:
            split = word
        else:
            named[key] = value
    if wrong := sorted(named.keys() - set(_KEYS)):
        raise UsageError(
            f"--data {spec}: names {', '.join(wrong)}, expected {', '.join(_KEYS)}",
            "after # come images=KEY, labels=KEY, layout=NHWC, channels=1, or a split as train",
        )
    if named.get("layout", "NCHW") not in LAYOUTS:
        raise UsageError(f"--data {spec}: layout={named['layout']}", f"expected layout={' or layout='.join(LAYOUTS)}")
    return _with_kind(spec, place, named, split)


def _with_kind(whole: str, place: str, named: dict[str, str], split: str) -> DataSpec:
    kind, colon, rest = place.partition(":")
    if colon and kind in KINDS:
        return DataSpec(whole, kind, rest, named, split)
    return DataSpec(whole, "", place, named, split)


def _channels(typed: str) -> int:
    if typed not in ("1", "3"):
        raise UsageError(f"#channels={typed}", "expected channels=1 (grey) or channels=3 (RGB)")
    return int(typed)


def _advice(path: Path, spec: str) -> str:
    """What else may be meant by a path that no source reads."""
    if spec and path.is_dir():
        return suggested_spec(path) or f"for folders with one class each, write folder:{spec}"
    if path.suffix in (".csv", ".tsv"):
        return f"a table is read from a FILE.npz: {table_advice()}"
    if path.is_file() and (found := suggested_spec(path.parent)):
        return found
    return "write the data set's name before its folder, or give a file of one of these kinds"
