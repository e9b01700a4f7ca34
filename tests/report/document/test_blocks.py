"""The parts of a document."""

from thinice_tui.report.document.blocks import columns


def test_the_first_column_and_words_stand_left_and_numbers_right() -> None:
    made = columns("model", "n", "so", left=["so"])
    assert [(column.title, column.align) for column in made] == [("model", "left"), ("n", "right"), ("so", "left")]
