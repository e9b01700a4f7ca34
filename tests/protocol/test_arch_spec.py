"""What --arch says about code, in its parts."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.arch_spec import ArchSpec


@pytest.mark.parametrize(
    ("text", "where", "name", "call"),
    [
        ("net.py:build", "net.py", "build", "build"),
        ("./a b(1)/net.py:build", "./a b(1)/net.py", "build", "build"),
        ("package.net:Net.make", "package.net", "Net.make", "Net.make"),
        ("net.py:build(depth = 20,widths=[16,32])", "net.py", "build", "build(depth=20, widths=[16, 32])"),
        ("a:b.py:build(20, 'x:y(z)')", "a:b.py", "build", "build(20, 'x:y(z)')"),
        ("net.py:build()", "net.py", "build", "build"),
        ("timm:vit_tiny.augreg", "timm", "vit_tiny.augreg", "timm:vit_tiny.augreg"),
        ("timm:resnet10t(drop_rate=0.0)", "timm", "resnet10t", "timm:resnet10t(drop_rate=0.0)"),
        ("robustbench:cifar100/L2/Some-2020_A", "robustbench", "cifar100/L2/Some-2020_A", None),
    ],
)
def test_parts(text: str, where: str, name: str, call: str | None) -> None:
    found = ArchSpec.parse(text)
    assert (found.where, found.name, found.call) == (where, name, call or text)


def test_literals_are_read_as_python_reads_them() -> None:
    found = ArchSpec.parse("n.py:f(1, (2, -3), a={'b': [None, True]}, c='d')")
    assert (found.arguments, found.options) == ((1, (2, -3)), {"a": {"b": [None, True]}, "c": "d"})


@pytest.mark.parametrize(
    "text",
    [
        *("net.py", "net.py:", ":build", "net.py:1", "net.py:a b", "timm:"),
        *(
            "n.py:f(x)",
            "n.py:f(open('a'))",
            "n.py:f(a=b)",
            "n.py:f(",
            "n.py:f(1))",
            "n.py:f(**{'a': 1})",
            "n.py:f(*[1])",
        ),
        *("n.py:f(1)(2)", "n.py:f(a=1, a=2)", "n.py:f(1) + f(2)"),
    ],
)
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--arch"):
        ArchSpec.parse(text)


def test_an_open_parenthesis_is_named() -> None:
    with pytest.raises(UsageError, match="a parenthesis is not closed"):
        ArchSpec.parse("net.py:build(depth=2")
