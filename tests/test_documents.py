"""The documents name only links, commands, options, files and keys that exist, and the guide names all of them."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from tests.places import ROOT
from thinice_tui.analysis.gate import METRICS
from thinice_tui.commands.app import app
from thinice_tui.tui.action_registry import ACTIONS

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "sample_models/*.md", "tests/**/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
GUIDE, ARCHITECTURE = ROOT / "docs" / "guide.md", ROOT / "docs" / "ARCHITECTURE.md"
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
GENERAL = {"--help", "--version", "--install-completion", "--show-completion"}
"""Options of the program as a whole."""
OTHER_PROGRAMS = ("python", "pip", "pytest", "ruff", "git")
SCRIPTS = [*ROOT.glob("tests/benchmarks/*.py"), *ROOT.glob("sample_models/*.py")]


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A page without its code blocks."""
    return BLOCK.sub("", path.read_text())


def inline_code(path: Path) -> Iterator[str]:
    """Each piece of inline code that is not a command line of another program."""
    return (code for code in CODE.findall(prose(path)) if code.split()[:1] and code.split()[0] not in OTHER_PROGRAMS)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def visible_commands() -> dict[str, set[str]]:
    """The long options of each command that the help lists."""
    program = get_command(app)
    assert isinstance(program, TyperGroup)
    return {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        for name, command in program.commands.items()
        if not command.hidden
    }


COMMANDS = visible_commands()
SCRIPT_OPTIONS = {option for path in SCRIPTS for option in re.findall(r'"(--[a-z-]+)"', path.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_named_options_and_commands_exist(page: Path) -> None:
    known = GENERAL.union(*COMMANDS.values())
    known |= SCRIPT_OPTIONS if "benchmarks" in page.as_posix() or page.parent.name == "sample_models" else set()
    for code in inline_code(page):
        assert set(OPTION.findall(code)) <= known, f"`{code}`"
        if match := re.match(r"thinice-tui ([a-z]+)", code):
            assert match[1] in COMMANDS, f"`{code}`"


def test_the_guide_names_every_command_option_and_key() -> None:
    text = GUIDE.read_text()
    for command, options in COMMANDS.items():
        assert f"`thinice-tui {command}" in text, command
        assert not {option for option in options | GENERAL if option not in text}, command
    keys = text.partition("### Keys")[2].partition("### Marks")[0]
    rows = re.findall(r"^\| `([^`]+)` \| .* \| (`[^|]+`) \|$", keys, re.MULTILINE)
    named = {(shown, name) for shown, names in rows for name in CODE.findall(names)}
    assert named == {(action.shown, action.name) for action in ACTIONS}


def test_the_guide_lists_every_number_that_a_gate_knows() -> None:
    section = GUIDE.read_text().partition("## A gate")[2].partition("## Several runs")[0]
    rows = [row for row in re.findall(r"^\| (.*?) \|", section, re.MULTILINE) if "`" in row]
    assert {name for row in rows for name in CODE.findall(row)} == set(METRICS)


def test_every_path_in_the_architecture_exists() -> None:
    folders = {path.name for parent in (ROOT, ROOT / "thinice_tui") for path in parent.iterdir() if path.is_dir()}
    paths = {
        path for code in inline_code(ARCHITECTURE) for path in re.findall(r"(?:[\w.-]+/)+[\w.-]*|\b\w+\.py\b", code)
    }
    paths = {path for path in paths if path.partition("/")[0] in folders or path.endswith(".py")}
    assert len(paths) > 30
    assert not {path for path in paths if not any((parent / path).exists() for parent in (ROOT, ROOT / "thinice_tui"))}


@pytest.mark.parametrize(("page", "lines"), [(ROOT / "README.md", 150), (ARCHITECTURE, 110)], ids=str)
def test_short_pages_stay_short(page: Path, lines: int) -> None:
    assert len(page.read_text().splitlines()) <= lines


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    changes = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert changes[0] == "Unreleased" and version in changes


def test_the_jobs_for_github_actions_are_workflows(tmp_path: Path) -> None:
    """Those of the documents and our own, against the schema of workflows."""
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    for number, job in enumerate(re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(job)
        steps = yaml.safe_load(job)["jobs"]["gate"]["steps"]
        commands = [step["run"] for step in steps if "run" in step]
        assert commands[-1].startswith("thinice-tui compare ") and '--fail-if "nfr.low > 0.3"' in commands[-1]
    assert len(files) >= 2
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*check, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
