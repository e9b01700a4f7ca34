"""Loads the model files of a command, each with its own options."""

from collections.abc import Callable, Iterator, Sequence

from thinice_tui.errors import CheckpointError, ThiniceError
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.masks.mask_file import split_mask_file
from thinice_tui.protocol.model_files import ModelFile
from thinice_tui.protocol.model_options import OPTIONS, FileOptions


def load_models(
    files: Sequence[ModelFile], options: Sequence[FileOptions], begin: Callable[[int], None] = lambda _number: None
) -> Iterator[LoadedModel]:
    """Each file's model, in their order; raises ThiniceError for the first that cannot be loaded.

    begin: is called with each file's place, from 0, before it is loaded.

    All files are looked for before the first is loaded, so that no code of one runs in vain.
    """
    for file in files:
        path, _ = split_mask_file(file.path)
        if not path.exists():
            raise CheckpointError(f"{path}: there is no such file", "check the path; expected a model file")
    for number, (file, own) in enumerate(zip(files, options, strict=True)):
        begin(number)
        try:
            yield load_model(file.path, own.arch, own.normalize, own.keep, own.trust, own.key)
        except ThiniceError as error:
            if len(files) > 1 and (named := next((option for option in OPTIONS if option in error.do), "")):
                error.do += f" (for this file alone, write its name before the value: {named} {file.name}=…)"
            raise
