"""Folders as the Hugging Face Hub has them: `config.json` beside weights in one file or in shards.

Nothing is downloaded, and no code of a folder runs. Layout of an index: {weight_map: {tensor: shard's name}}.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.formats.containers import find_weights
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.folder_config import NAME as CONFIG
from thinice_tui.models.formats.folder_config import read_config, read_json
from thinice_tui.models.formats.safetensors import is_safetensors_file, safetensors_content
from thinice_tui.models.formats.torch_files import torch_content
from thinice_tui.safe_io.file_kind import checked_head
from thinice_tui.safe_io.limits import file_size
from thinice_tui.safe_io.printable import printable

INDEX = ".index.json"
USUAL = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Names of the weights, the first that is there is read."""
OTHER = ("*.safetensors", "*.bin", "*.pt", "*.pth")
"""Weights under other names: they are read where there is one only."""
SHOWN = 5
"""The most files that a message names."""


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder, or stands for one: the index of a sharded model, or a config.json."""
    try:
        return path.is_dir() or ((path.name.endswith(INDEX) or path.name == CONFIG) and path.is_file())
    except OSError:  # the reader of files says why it cannot be read
        return False


def read_folder(path: Path, options: ReadOptions) -> FileContent:
    """The weights in a folder, and what its config.json says of their network; raises CheckpointError.

    path: the folder, its config.json, or the index of its shards.
    """
    try:
        folder = path if path.is_dir() else path.parent
        weights = path if path.name.endswith(INDEX) and path != folder else _weights_file(folder)
        config = read_config(folder)
        shards = _shards(weights) if weights.name.endswith(INDEX) else {weights: ()}
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise CheckpointError(f"{path}: cannot be read ({reason(error)})", "check its permissions") from error
    stored = _read_all(shards, options)
    size = sum(file_size(file, CheckpointError) for file in shards)
    found = find_weights(stored.content, weights, stored.form, options, {**config.about, **stored.about}, size)
    content = replace(found, notes=(*stored.notes, *found.notes), code_ran=stored.code_ran)
    if content.network is not None:
        return replace(content, files=(weights,))
    read = dict.fromkeys((weights, *shards, *([folder / CONFIG] if (folder / CONFIG).exists() else [])))
    kernel = content.state.get(f"{config.first_conv}.weight")
    return replace(
        content,
        about=content.about | {key: value for key, value in config.about.items() if key == "arch"},
        files=tuple(read),
        arch=config.arch,
        sizes=config.sizes if kernel is None or kernel.ndim < 2 else {**config.sizes, "in_chans": kernel.shape[1]},
        needs_arch=config.needs_arch,
    )


def _weights_file(folder: Path) -> Path:
    """The file of weights, or the index, in `folder`; raises CheckpointError where there is none, or several."""
    for name in USUAL:
        if (folder / name).exists():
            return folder / name
    for pattern in OTHER:
        found = sorted(folder.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(printable(file.name) for file in found[:SHOWN])
            raise CheckpointError(f"{folder}: holds {len(found)} files of weights ({names})", "give the path of one")
    there = ", ".join(sorted(printable(file.name) for file in folder.iterdir())[:SHOWN]) or "nothing"
    raise CheckpointError(
        f"{folder}: is a folder without a model file (it holds: {there})",
        f"expected {' or '.join(USUAL)}; or give the path of the file in it",
    )


def _shards(index: Path) -> dict[Path, tuple[str, ...]]:
    """The files that an index names, and the tensors in each; raises CheckpointError.

    Only files beside the index are read: a name with a folder in it could lead anywhere.
    """
    names = read_json(index).get("weight_map")
    if not isinstance(names, Mapping) or not names:
        raise CheckpointError(f"{index}: has no `weight_map`, expected the shard of each tensor", "download it again")
    shards: dict[str, list[str]] = {}
    for tensor, shard in names.items():
        if not isinstance(shard, str) or not _is_plain_name(shard):
            raise CheckpointError(
                f"{index}: names the shard {printable(str(shard)[:80])!r}, expected a file beside the index",
                "the index is damaged, or made to read other files",
            )
        shards.setdefault(shard, []).append(tensor)
    for shard in shards:
        if not (index.parent / shard).exists():
            raise CheckpointError(
                f"{index}: the shard {printable(shard)} is missing", f"put all {len(shards)} shards beside the index"
            )
    return {index.parent / shard: tuple(tensors) for shard, tensors in shards.items()}


def _is_plain_name(shard: str) -> bool:
    return Path(shard).name == shard and shard not in ("", "..") and "\\" not in shard and "\0" not in shard


@dataclass(frozen=True)
class _Stored:
    """What all weight files hold together: their content, form, metadata, and what was noticed on reading, in words."""

    content: object
    form: str
    about: dict[str, object]
    notes: tuple[str, ...]
    code_ran: bool


def _read_all(shards: Mapping[Path, tuple[str, ...]], options: ReadOptions) -> _Stored:
    """The content of all files.

    One file may hold anything; shards hold tensors by name, which the index must name.
    """
    together: dict[str, Tensor] = {}
    form, about = "", dict[str, object]()
    notes: tuple[str, ...] = ()
    code_ran = False
    for file, expected in shards.items():
        head = checked_head(file, "weights", CheckpointError)
        if is_safetensors_file(file, head):
            content, metadata = safetensors_content(file)
            form, about = "safetensors", {**about, **metadata}
        else:
            read = torch_content(file, head, options)
            content, form, notes = read.content, read.form, (*notes, *read.notes)  # type: ignore[assignment]
            code_ran = code_ran or read.code_ran
        if not expected:
            return _Stored(content, form, about, notes, code_ran)
        if not isinstance(content, Mapping):
            raise CheckpointError(f"{file}: is no dict of tensors, expected a shard of weights", "download it again")
        missing = next((name for name in expected if name not in content), None)
        if missing is not None:
            raise CheckpointError(
                f"{file}: holds no tensor {printable(missing[:80])}, which the index says is in it",
                "the shards are of another version than the index: download them together",
            )
        if twice := next((name for name in content if name in together), None):
            what = f"{file}: holds {printable(str(twice)[:80])}, as another shard does, expected each tensor once"
            raise CheckpointError(what, "the shards are of several versions: download them together")
        together |= content
    return _Stored(together, f"{form}, {len(shards)} shards", about, notes, code_ran)
