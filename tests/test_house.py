"""The rules of the tree that no linter checks: lengths of files, and a test beside every file with behaviour."""

import ast
import statistics
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.places import ROOT, TESTS

PACKAGE = ROOT / "thinice_tui"
LONGEST, MEDIAN = 400, 120
"""Lines of a file."""
TESTED_ELSEWHERE = {
    "__init__.py": "tests/python/test_public_names.py",
    "engine/phases/clean.py": "tests/engine/test_run.py",  # a whole run
    "engine/phases/context.py": "tests/engine/test_run.py",
    "engine/worker/distance.py": "tests/engine/phases/test_distance.py",  # the phase that calls it
    "models/architectures/preact_block.py": "tests/models/architectures/test_preact_resnet.py",  # its subclasses
}
"""Files with behaviour but no namesake test, and what tests them."""


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def has_behaviour(file: Path) -> bool:
    """Whether it has a function or a method with a body: constants, records and protocols have none."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(not is_stub(function) for function in functions)


def is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether its body is a docstring or an ellipsis."""
    return all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in function.body)


def namesake(file: Path) -> Path:
    inside = file.relative_to(PACKAGE)
    name = inside.parent.name if inside.name == "__init__.py" else inside.stem
    folder = inside.parent.parent if inside.name == "__init__.py" else inside.parent
    return TESTS / folder / f"test_{name.strip('_')}.py"


@pytest.mark.parametrize("folder", [PACKAGE, TESTS], ids=["package", "tests"])
def test_no_file_is_long(folder: Path) -> None:
    lengths = {str(file.relative_to(ROOT)): lines(file) for file in sources(folder)}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
    assert statistics.median(length for length in lengths.values() if length) <= MEDIAN


def test_every_file_with_behaviour_has_its_namesake_test() -> None:
    with_behaviour = {str(file.relative_to(PACKAGE)): file for file in sources(PACKAGE) if has_behaviour(file)}
    missing = {name for name, file in with_behaviour.items() if not namesake(file).exists()}
    assert missing == set(TESTED_ELSEWHERE)
    for where in TESTED_ELSEWHERE.values():
        assert (ROOT / where).exists(), where


def test_no_test_is_imported_by_another() -> None:
    """Helpers live in conftest or in modules that are no tests."""
    for file in sources(TESTS):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
                modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
                assert not any(module.rpartition(".")[2].startswith("test_") for module in modules), (
                    f"{file}: {modules}"
                )


def test_no_mock_is_in_the_package() -> None:
    for file in sources(PACKAGE):
        assert "unittest" not in file.read_text(encoding="utf-8"), file


def test_the_tested_set_is_within_the_ranges_that_are_required() -> None:
    """Else the install command of the README finds no set of packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = [Requirement(text) for text in sum(project["optional-dependencies"].values(), project["dependencies"])]
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    tested = {name.lower(): version for name, version in (line.split("==") for line in lines)}
    checked = [need for need in ranges if need.name.lower() in tested]
    assert len(checked) > 20
    outside = [
        f"{need} is not {tested[need.name.lower()]}"
        for need in checked
        if tested[need.name.lower()] not in need.specifier
    ]
    assert outside == []
