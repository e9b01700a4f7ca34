"""How help texts look: no type beside a flag, no completion options in the list, examples at the end."""

from copy import copy
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

COMPLETION = ("install_completion", "show_completion")


def examples(*lines: str) -> str:
    """An epilog with one example a line; each line has to run as it stands."""
    return "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def _plain(params: list[Any]) -> list[Any]:
    """The same parameters without what help texts do not need: types of flags and arguments, completion options."""
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag and param.metavar is None:
            param.metavar = ""
        if isinstance(param, TyperOption) and param.name in COMPLETION:
            param.hidden = True
        if isinstance(param, TyperArgument):
            param.type = copy(param.type)  # Typer shares some between parameters
            param.type.get_metavar = lambda *_, **__: ""  # type: ignore[method-assign]
    return params


class Command(TyperCommand):
    """A command whose help is plain."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


class Group(TyperGroup):
    """The program, whose help is plain."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))
