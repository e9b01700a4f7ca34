"""Roles and names of model files."""

from pathlib import Path

from thinice_tui.protocol.model_files import model_files


def test_roles_come_in_the_order_of_a_run() -> None:
    files = model_files(Path("d.pt"), [Path("p.pt"), Path("q.pt")], Path("c.pt"))
    assert [(file.role, file.name) for file in files] == [
        ("dense", "d"),
        ("pruned", "p"),
        ("pruned", "q"),
        ("control", "c"),
    ]
    assert [file.role for file in model_files(Path("d.pt"), [])] == ["dense"]


def test_names_are_unique_by_folder_or_number() -> None:
    def names(*paths: str) -> list[str]:
        return [file.name for file in model_files(Path(paths[0]), [Path(path) for path in paths[1:]])]

    assert names("a/m.pt", "b/n.pt") == ["m", "n"]
    assert names("a/m.pt", "b/m.pt") == ["a/m", "b/m"]
    assert names("a/m.pt", "a/m.pth") == ["m", "m#2"]
    assert names("a/m.pt.gz", "a/n.pth.GZ", "a/v1.2.pt") == ["m", "n", "v1.2"]
    assert names("a/m.pt", "b/m.pt.gz") == ["a/m", "b/m"]
