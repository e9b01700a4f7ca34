"""The kind of a file is told by its first bytes, whatever its name."""

import os
from pathlib import Path

import pytest

from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head, kind

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        (b"", "is empty, expected a cake", "again"),
        (POINTER, "is a Git LFS pointer", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "is a web page", "browser"),
        (b"\xef\xbb\xbf\n<HTML>", "is a web page", "browser"),
        (b"<?xml version='1.0'?><Error>", "is an XML document", "download the file again"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, message: str, remedy: str) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        checked_head(path, "a cake", DataError)
    assert remedy in caught.value.do


def test_folders_pipes_and_absent_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("", "is a folder"), ("pipe", "device or a pipe"), ("no", "no such file"), ("a\0b", "null")):
        with pytest.raises(DataError, match=message):
            checked_head(tmp_path / name, "a cake", DataError)


def test_a_binary_file_passes_and_its_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\x93NUMPY\x01")
    checked_head(path, "a cake", DataError)
    named = {b"\x93NUMPY": "NumPy", b"PK\x03\x04": "zip", b"\x80\x02}": "pickle", b"hello": "text", b"\0\1": "else"}
    for head, name in named.items():
        assert name in kind(head)
