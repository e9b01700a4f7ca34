"""Tags beside a run: kept whole, merged, and read only where they are what this program writes."""

import json
import os
import threading
from pathlib import Path

import pytest

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.lock import RunLock
from thinice_tui.runfile.tags import MOST, change_tags, parse_tags, read_tags, tags_file

DATA = "0" * 64


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "a.thinice"


def write(run: Path, **changes: object) -> None:
    stored = {"format": "thinice-tui tags", "version": 1, "data": DATA, "samples": {"3": ["odd"]}} | changes
    tags_file(run).write_text(json.dumps(stored))


def test_tags_are_added_removed_and_read_again(run: Path) -> None:
    assert read_tags(run, DATA) == {}
    change_tags(run, DATA, [484, 3], ["odd", "dark"], [])
    change_tags(run, DATA, [3], ["blurry"], ["odd", "never-there"])
    assert read_tags(run, DATA) == {484: ("dark", "odd"), 3: ("blurry", "dark")}
    change_tags(run, DATA, [484], [], ["odd", "dark"])
    assert read_tags(run, DATA) == {3: ("blurry", "dark")}
    assert [file.name for file in run.parent.iterdir()] == ["a.thinice.tags"]


def test_many_views_at_once_lose_nothing(run: Path) -> None:
    def tag(number: int) -> None:
        for index in range(5):
            change_tags(run, DATA, [index], [f"view{number}"], [])

    threads = [threading.Thread(target=tag, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_tags(run, DATA) == dict.fromkeys(range(5), ("view0", "view1", "view2", "view3"))


def test_a_change_waits_for_another_and_says_so_in_the_end(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.runfile.tags.PATIENCE", 0.1)
    other = RunLock(tags_file(run))
    with pytest.raises(RunFileError, match="another program is writing"):
        change_tags(run, DATA, [1], ["odd"], [])
    other.release()
    change_tags(run, DATA, [1], ["odd"], [])
    assert read_tags(run, DATA) == {1: ("odd",)}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"format": "x"}, "expected JSON"),
        ({"version": 2}, "newer"),
        ({"data": "1"}, "other data"),
        ({"samples": []}, "no attribute"),
        ({"samples": {"-1": ["odd"]}}, "no sample's number"),
        ({"samples": {"1" * 5000: ["odd"]}}, "no sample's number"),
        ({"samples": {"9" * 19: ["odd"]}}, "no sample's number"),
        ({"samples": {"1": "odd"}}, "expected a list"),
        ({"samples": {"1": [7]}}, "expected a list"),
        ({"samples": {"1": ["a"] * (MOST + 1)}}, "expected a list"),
        ({"samples": {"1": ["\x1b[2J"]}}, "can be printed"),
        ({"samples": {"1": ["two words"]}}, "without blanks"),
        ({"samples": {"1": ["x" * 1000]}}, "at most 40"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_and_left_as_it_is(
    run: Path, changes: dict[str, object], why: str
) -> None:
    write(run, **changes)
    before = tags_file(run).read_bytes()
    with pytest.raises(RunFileError, match=why) as refused:
        read_tags(run, DATA)
    assert refused.value.what.isprintable()
    with pytest.raises(RunFileError, match=why):
        change_tags(run, DATA, [1], ["odd"], [])
    assert tags_file(run).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b'{"samples": ' + b"9" * 5000 + b"}", b"null"])
def test_content_that_is_no_object_is_refused(run: Path, content: bytes) -> None:
    tags_file(run).write_bytes(content)
    with pytest.raises(RunFileError, match="is not understood"):
        read_tags(run, DATA)


def test_a_pipe_or_a_huge_file_is_not_read(run: Path) -> None:
    os.mkfifo(tags_file(run))
    with pytest.raises(RunFileError, match="no file of at most"):
        read_tags(run, DATA)
    tags_file(run).unlink()
    with tags_file(run).open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(RunFileError, match="no file of at most"):
        read_tags(run, DATA)


def test_a_link_is_replaced_and_not_followed(run: Path) -> None:
    elsewhere = run.parent / "elsewhere"
    tags_file(run).symlink_to(elsewhere)
    change_tags(run, DATA, [1], ["odd"], [])
    assert not elsewhere.exists() and read_tags(run, DATA) == {1: ("odd",)}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFileError, match="cannot be written"):
        change_tags(tmp_path / "file" / "a.thinice", DATA, [1], ["odd"], [])


def test_a_sample_has_a_limit_of_tags(run: Path) -> None:
    change_tags(run, DATA, [1], [f"t{number}" for number in range(MOST)], [])
    with pytest.raises(RunFileError, match="21 tags"):
        change_tags(run, DATA, [1], ["more"], [])


def test_what_is_typed() -> None:
    assert parse_tags(" odd, blurry  -dark ") == (frozenset({"odd", "blurry"}), frozenset({"dark"}))
    for wrong in ("none", "--x", "-", "a\x1b", "x" * 41):
        with pytest.raises(ValueError, match="expected"):
            parse_tags(wrong)
