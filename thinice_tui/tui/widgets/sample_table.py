"""The table of samples. It draws only the rows in sight, so a million rows cost no more than a hundred.

The rows are positions in an index array; sorting and filtering change only that array.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from thinice_tui.analysis.live_sets import SET_NAMES, UNDECIDED
from thinice_tui.analysis.query.fields import Field, NumberField
from thinice_tui.analysis.rows import Rows
from thinice_tui.analysis.table import Column, columns_shown, shown_meaning, shown_title
from thinice_tui.plots.canvas import rich_colour
from thinice_tui.plots.style import SET_MARKERS, model_style
from thinice_tui.tui.contrast import readable

HEADER = 1
GAP = 1
CURSOR_WIDTH = 2
MARK = "*"
"""Beside the cursor, before a sample that is marked."""
WIDEST_NAME = 18
NUMBER_WIDTH = 7
WIDEST_MODEL = 9
"""Cells of a model's title in the ladder."""
DIVIDER = "│ "
"""Between the pruned models of the ladder and the controls."""
DENSE_AS_SET = {"yes": "S11", "no": "S00"}
"""The sets whose markers and colours show whether dense holds a sample."""
MARKERS = {**SET_MARKERS, **{answer: SET_MARKERS[name] for answer, name in DENSE_AS_SET.items()}}


@dataclass(frozen=True)
class _ShownColumn:
    """A column on the screen: where it begins, how wide it is, and the text of each sample's cell."""

    key: str
    start: int
    width: int
    right: bool
    text: Callable[[int], str]
    title: str
    set_name: Callable[[int], str] | None = None
    """The set whose colour a sample's cell has; None: no colour."""
    model: int | None = None
    """The model whose marker it shows."""
    before: str = ""
    """What is drawn before the column, in place of a gap."""
    meaning: str = ""


class SampleTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows `Rows`, with one row selected."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        *(f"table--{name.lower()}" for name in SET_NAMES if name.isalnum()),
    }

    @dataclass
    class RowClicked(Message):
        row: int

    class RowDoubleClicked(Message):
        """The second click on a row that `RowClicked` has named."""

    @dataclass
    class HeaderClicked(Message):
        key: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Rows | None = None
        self._columns: tuple[_ShownColumn, ...] = ()
        self._base = Style.null()
        self._set_styles: dict[tuple[str, Style], Style] = {}
        self._cursor = 0
        self._empty = "nothing to show yet"
        self._told = ""
        """The meaning of the column under the mouse."""
        self._marked: Set[int] = frozenset()

    @property
    def cursor(self) -> int:
        """The selected row, from 0."""
        return self._cursor

    def show(self, rows: Rows, columns: Sequence[str], cursor: int, empty: str, marked: Set[int] = frozenset()) -> None:
        """Draw `rows` with the row `cursor` selected, at the height on the screen of the one selected before.

        In another order or selection, the table begins at its first row where the selected one is on the first page.
        columns: keys of the run's columns; empty: the sentence to show where there are no rows; marked: positions of
        the samples that are marked.
        """
        height = self._cursor - round(self.scroll_y)
        if (self._rows is None or replace(self._rows.view, other=rows.view.other) != rows.view) and cursor < self.page:
            height = cursor
        self._rows, self._cursor, self._empty, self._marked = rows, cursor, empty, marked
        self._columns = _lay_out(rows, columns)
        width = self._columns[-1].start + self._columns[-1].width + 1 if self._columns else 1
        self.virtual_size = Size(width, len(rows.lines) + HEADER)
        self._refresh_scrollbars()  # Textual leaves one that is no longer needed (seen in 8.2)
        self.scroll_to(y=max(0, cursor - height), animate=False, force=True, immediate=True)
        self._keep_in_sight()
        self.refresh()

    def say(self, empty: str) -> None:
        """Show this sentence where there are no rows."""
        if empty != self._empty:
            self._empty = empty
            if self._rows is not None and not len(self._rows.lines):
                self.refresh()

    def show_cursor(self, row: int) -> None:
        """Draw `row` as the selected one."""
        before, self._cursor = self._cursor, row
        if not self._keep_in_sight():
            self._refresh_row(before)
            self._refresh_row(row)

    @property
    def page(self) -> int:
        """Rows in sight."""
        return max(1, self.scrollable_content_region.height - HEADER)

    # drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some lines of the widget."""
        # once for all of them: these take Textual longer than drawing a row
        self._base = self.rich_style
        self._set_styles.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the widget: the header, a row, or a blank one."""
        width, left = self.scrollable_content_region.width, round(self.scroll_x)
        base = self._base
        if self._rows is None or not len(self._rows.lines):
            text = f"  {self._empty}" if y == 1 else ""
            return Strip([Segment(text, base)]).adjust_cell_length(width, base)
        if y == 0:
            style = self.get_component_rich_style("table--header")
            return self._header(style).crop_extend(left, left + width, style)
        row = y - HEADER + round(self.scroll_y)
        if row >= len(self._rows.lines):
            return Strip.blank(width, base)
        style = self.get_component_rich_style("table--cursor") if row == self._cursor else base
        return self._row(row, style).crop_extend(left, left + width, style)

    def _header(self, style: Style) -> Strip:
        assert self._rows is not None
        view, end = self._rows.view, 0
        segments: list[Segment] = []
        for column in self._columns:
            title = column.title
            if column.key == view.sort:
                title += "▼" if view.descending else "▲"
            segments.append(Segment(" " * (column.start - end - len(column.before)) + column.before, style))
            own = style
            if column.model is not None:
                own += Style(color=rich_colour(model_style(column.model)[1]), reverse=column.model == view.other)
            segments.append(Segment(_fit(title, column), own))
            end = column.start + column.width
        return Strip(segments)

    def _row(self, row: int, style: Style) -> Strip:
        assert self._rows is not None
        position = int(self._rows.lines[row])
        if position == self._rows.kept:
            style += Style(italic=True, dim=row != self._cursor)
        mark = MARK if position in self._marked else " "
        segments = [Segment(("▌" if row == self._cursor else " ") + mark, style)]
        end = CURSOR_WIDTH
        for column in self._columns:
            segments.append(Segment(" " * (column.start - end - len(column.before)) + column.before, style))
            # The selected row has a background on which a set's colour may not be seen.
            own = style
            if column.set_name is not None and row != self._cursor:
                name = column.set_name(position)
                if (name, style) not in self._set_styles:
                    self._set_styles[name, style] = style + self._set_style(name, style)
                own = self._set_styles[name, style]
            segments.append(Segment(_fit(column.text(position), column), own))
            end = column.start + column.width
        return Strip(segments)

    def _set_style(self, name: str, base: Style) -> Style:
        """The colour and weight of a set's cells, readable on the background of `base`; no colour with NO_COLOR."""
        if not name.isalnum():
            return base
        own = self.get_component_rich_style(f"table--{name.lower()}")
        colour = base.color if self.app.no_color else own.color
        if colour is None:
            return Style(bold=own.bold)
        return Style(color=readable(colour, base, self.app.console.color_system), bold=own.bold)

    def _refresh_row(self, row: int) -> None:
        y = row - round(self.scroll_y) + HEADER
        if HEADER <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _keep_in_sight(self) -> bool:
        """Scroll no further than shows the selected row; whether anything moved."""
        top, page = round(self.scroll_y), self.page
        wanted = min(max(top, self._cursor - page + 1), self._cursor)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
        return wanted != top

    # the mouse, and sizes

    def on_click(self, event: events.Click) -> None:
        if self._rows is None:
            return
        if event.y == 0:
            if (column := self._column_at(event.x)) is not None:
                self.post_message(self.HeaderClicked(column.key))
        elif (row := event.y - HEADER + round(self.scroll_y)) < len(self._rows.lines):
            self.post_message(self.RowClicked(row))
            if event.chain == 2:
                self.post_message(self.RowDoubleClicked())

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell a column's meaning where the mouse rests on its title."""
        column = self._column_at(event.x) if event.y == 0 else None
        told = f"{column.title}: {column.meaning}" if column is not None else ""
        if told != self._told:
            self._told, self.tooltip = told, Text(told) if told else None

    def _column_at(self, x: int) -> _ShownColumn | None:
        """The column whose title is at the cell `x` of the widget."""
        x += round(self.scroll_x)
        return next((one for one in self._columns if one.start - GAP < x <= one.start + one.width), None)

    def on_resize(self) -> None:
        self._keep_in_sight()


def _lay_out(rows: Rows, keys: Sequence[str]) -> tuple[_ShownColumn, ...]:
    drawn, start = list[_ShownColumn](), CURSOR_WIDTH
    columns, fields = rows.table.columns, rows.table.fields
    for key in columns_shown(rows.table.run, keys, rows.table.seeds):
        column, field = columns[key], fields[key]
        title = shown_title(column, rows.table.other)
        if column.model is not None and cell_len(title) > WIDEST_MODEL:
            title = set_cell_size(title, WIDEST_MODEL - 1) + "…"
        before = DIVIDER if column.is_divided else ""
        start += len(before)
        width = max(_width(column, key, field), cell_len(title) + (key == rows.view.sort))
        drawn.append(
            _ShownColumn(
                key,
                start,
                width,
                isinstance(field, NumberField),
                _text(column, key, field, width),
                title,
                _set_name(column, key, field),
                column.model,
                before,
                shown_meaning(column, rows.table.other),
            )
        )
        start += width + GAP
    return tuple(drawn)


def _width(column: Column, key: str, field: Field) -> int:
    if column.model is not None:
        return 1
    if isinstance(field, NumberField):
        if np.issubdtype(field.values.dtype, np.integer):
            return len(str(field.values.max(initial=0)))
        return max(NUMBER_WIDTH, len(column.unit) + 2)
    if key == "set":
        return 5
    return min(WIDEST_NAME, max((cell_len(name) for name in field.names), default=1))


def _text(column: Column, key: str, field: Field, width: int) -> Callable[[int], str]:
    """A function from a sample's position to what its cell says."""
    if isinstance(field, NumberField):
        values = field.values
        if np.issubdtype(values.dtype, np.integer):
            return lambda position: str(values[position])
        form = "g" if column.unit else ".3f"
        return lambda position: "" if np.isnan(values[position]) else f"{values[position]:{form}}{column.unit}"
    codes, names = field.codes, field.names
    if column.model is not None:
        markers = tuple(f"{MARKERS.get(name, UNDECIDED):^{width}}" for name in (*names, UNDECIDED))
        return lambda position: markers[codes[position]]
    if key == "set":
        marked = tuple(f"{SET_MARKERS.get(name, ' ')} {name}" for name in names)
        return lambda position: marked[codes[position]]
    return lambda position: names[codes[position]] if codes[position] >= 0 else ""


def _set_name(column: Column, key: str, field: Field) -> Callable[[int], str] | None:
    """A function from a sample's position to the set whose colour its cell has; None: no colour."""
    if isinstance(field, NumberField) or (column.model is None and key != "set"):
        return None
    codes, names = field.codes, tuple(DENSE_AS_SET.get(name, name) for name in (*field.names, UNDECIDED))
    return lambda position: names[codes[position]]


def _fit(text: str, column: _ShownColumn) -> str:
    """`text` in exactly the column's width; cut text ends in …"""
    cells = cell_len(text)
    if cells > column.width:
        return set_cell_size(text, column.width - 1) + "…"
    return " " * (column.width - cells) + text if column.right else text + " " * (column.width - cells)
