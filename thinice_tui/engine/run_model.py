"""A model of a run: its role, its name, its record for the run file, and its identity."""

from dataclasses import dataclass, replace

from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import KNOWN
from thinice_tui.protocol.model_files import Role
from thinice_tui.protocol.model_options import FileOptions
from thinice_tui.runfile.model_identity import ModelIdentity, code_name
from thinice_tui.runfile.records import ModelRecord


@dataclass(frozen=True)
class RunModel:
    """A loaded model with its role in the comparison, and a name that is unique in the run."""

    role: Role
    name: str
    loaded: LoadedModel
    options: FileOptions | None = None
    """How its file was read; None: it has none, or nobody reads it again."""

    def record(self) -> ModelRecord:
        """The model's record for the run file."""
        sparsity = self.loaded.sparsity
        return ModelRecord(
            role=self.role,
            name=self.name,
            path=str(self.loaded.path),
            sha256=self.loaded.checkpoint.sha256,
            arch=self.loaded.arch,
            normalization=_describe_normalization(self.loaded.normalization),
            parameters=sparsity.parameters,
            sparsity_conv_linear=sparsity.conv_linear,
            sparsity_mean_per_layer=sparsity.mean_per_layer,
            sparsity_all_parameters=sparsity.all_parameters,
            layers=sparsity.layers,
        )

    def identity(self) -> ModelIdentity:
        """Everything that decides the model's outputs; file names do not."""
        checkpoint, used = self.loaded.checkpoint, self.loaded.normalization
        return ModelIdentity(
            role=self.role,
            weights=checkpoint.sha256[:16],
            arch=code_name(self.loaded.arch) if self.loaded.code_sha256 else self.loaded.arch,
            code=self.loaded.code_sha256[:16],
            keep="" if checkpoint.keep is None else repr(checkpoint.keep).removesuffix(".0"),
            trusted=checkpoint.trusted,
            key=checkpoint.key,
            normalization=_describe_normalization(None if used is None else replace(used, name=_known_name(used))),
        )


def _describe_normalization(used: Normalization | None) -> str:
    """The name with the constants."""
    return "none" if used is None else f"{used.name}: {list(used.mean)} / {list(used.std)}"


def _known_name(used: Normalization) -> str:
    """The name of the known normalisation with the same constants, wherever they come from; else `given`."""
    same = (known.name for known in KNOWN.values() if (known.mean, known.std) == (used.mean, used.std))
    return next(same, "given")
