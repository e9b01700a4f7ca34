"""robustbench's own networks against files loaded by their names: `python -m tests.end_to_end.real_robustbench`.

It runs in a process of its own, with robustbench and what it imports on the path. Exit code 77: it cannot be imported.
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from thinice_tui.errors import CodeError
from thinice_tui.models.load import load_model

CANNOT_IMPORT = 77
ENTRIES = {
    "cifar10/Linf/Engstrom2019Robustness": (32, True),  # buffers mu and sigma
    "cifar100/Linf/Rade2021Helper_R18_ddpm": (32, False),  # constants that no state holds
    "imagenet/Linf/Salman2020Do_R18": (64, True),  # normalize and model in a row
}
"""Entries, the side of their images in pixels, and whether their files may lack normalisation constants."""


def imported() -> tuple[Any, torch.library.Library]:
    """The model zoo, or exit.

    A torchvision that is built for another torch lacks its operators, which none of these networks calls. autoattack
    has the name pyautoattack among packages.
    """
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    try:
        for _ in range(50):
            try:
                import_module("torchvision")
                break
            except RuntimeError as error:
                absent = re.search(r"operator torchvision::(\w+) does not exist", str(error))
                if absent is None:
                    raise
                library.define(f"{absent[1]}(Tensor none) -> Tensor")  # type: ignore[no-untyped-call]
                for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                    del sys.modules[name]
        sys.modules.setdefault("autoattack", import_module("pyautoattack"))
        zoo = import_module("robustbench.model_zoo")
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
        raise SystemExit(CANNOT_IMPORT) from error
    return zoo.model_dicts, library  # the operators live as long as the library


def main() -> None:
    (dicts, _library), file = imported(), Path("a.pt")
    for name, (side, constants) in ENTRIES.items():
        place, threat, entry = name.split("/")
        (zoo,) = [entries for key, entries in dicts.items() if key.value == place]
        (zoo,) = [entries for key, entries in zoo.items() if key.value == threat]
        torch.manual_seed(0)
        network: nn.Module = zoo[entry]["model"]().eval()
        for key, buffer in network.named_buffers():
            if key.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
        names = [key for key in network.state_dict() if key.rpartition(".")[2] not in ("mu", "sigma", "mean", "std")]
        state = {f"module.{key.removeprefix('model.')}": network.state_dict()[key] for key in names}
        torch.save({"state_dict": state}, file)
        model = load_model(file, f"robustbench:{name}")
        images = torch.rand(2, 3, side, side)
        with torch.no_grad():
            assert torch.allclose(model.classifier()(images), network(images), atol=1e-5), name
        assert any("which the file lacks" in note for note in model.notes) == constants, model.notes
        assert model.code_sha256
    try:
        load_model(file, "robustbench:imagenet/Linf/Standard_R50")
    except CodeError as error:
        assert "would download weights" in error.what, error.what
    else:
        raise AssertionError("it was downloaded")


if __name__ == "__main__":
    main()
