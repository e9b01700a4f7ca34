"""The panels beside the table: one sample, a plot, the summary; and the lines above them."""

from collections.abc import Mapping
from functools import partial

from rich.console import RenderableType
from rich.text import Text
from textual.strip import Strip
from textual.widgets import Static

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.model_sets import models_by_sparsity
from thinice_tui.analysis.rows import Rows
from thinice_tui.tui.content.plot_kinds import PLOTS
from thinice_tui.tui.content.rows import flip_words, rows_line
from thinice_tui.tui.content.run import summary
from thinice_tui.tui.content.sample import sample_view
from thinice_tui.tui.sample_detail import load_sample_detail
from thinice_tui.tui.widgets.slow_view import SlowView


class SamplePanel(SlowView):
    """The selected sample: what became of it under each model, its images and logits."""

    full_size = all_models = False
    _before_zoom: str | None = None
    """What was shown before `zoom`, until that is drawn."""

    def zoom(self) -> None:
        """Show images in full size from now on, or all side by side; say so where that is the same."""
        self.full_size, self._before_zoom = not self.full_size, self.text

    def _show(self, number: int, lines: list[Strip]) -> None:
        super()._show(number, lines)
        if self._before_zoom is not None and self.is_drawn:
            if self.text == self._before_zoom:
                self.app.notify("nothing to enlarge: what there is has its full size", severity="warning", timeout=4)
            self._before_zoom = None

    def show(self, rows: Rows | None, position: int | None) -> None:
        """Show the sample at `position`."""
        if rows is None or position is None:
            self.show_sentence("no sample is selected")
            return
        models = rows.table.run.models if self.all_models else rows.table.compared
        what = (position, rows.view.other, self.full_size, *(model.broken_by[position] for model in models))
        run = rows.table.run
        what += (flip_words(rows, rows.line_of(position) or 0), run.tags.get(int(run.indices[position])))
        what += (id(rows.table.fates),)
        what += (rows.kept == position, run.complete, *(model.worst_margin[position] for model in models))
        self.draw(
            what, partial(_sample, rows, position, self.full_size, self.all_models, self.app.console.color_system)
        )


def _sample(
    rows: Rows, position: int, full_size: bool, all_models: bool, colours: str | None, width: int, height: int
) -> RenderableType:
    models = models_by_sparsity(rows.table.run) if all_models else ()
    detail = load_sample_detail(rows.table.run, rows.view.other, position, models)
    return sample_view(rows, detail, width, height, full_size, colours)


class PlotPanel(SlowView):
    """One of the plots, of the samples shown."""

    def show(self, kind: str, rows: Rows | None, position: int | None) -> None:
        """Draw the plot `kind` of `rows`, with the sample at `position` marked."""
        if rows is None:
            self.show_sentence("reading …")
            return
        marked = position if PLOTS[kind].marks else None
        self.draw((kind, id(rows), marked), partial(_plot, kind, rows, marked))


def _plot(kind: str, rows: Rows, position: int | None, width: int, height: int) -> RenderableType:
    from thinice_tui.tui.content.plots import plot  # the first frame does not wait for it

    return plot(kind, rows, position, width, height)


class RowsLine(Static):
    """How many samples are shown, of which sets, in which order."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._rows: Rows | None = None
        self._flip, self._marked = "", 0

    def show(self, rows: Rows | None, cursor: int, marked: int = 0) -> None:
        """Describe `rows`, which flip among them the line `cursor` is, and how many samples are marked."""
        if rows is None:
            return
        flip = flip_words(rows, cursor)
        if rows is not self._rows or (flip, marked) != (self._flip, self._marked):
            self._rows, self._flip, self._marked = rows, flip, marked
            self.on_resize()

    def on_resize(self) -> None:
        if self._rows is not None:
            self.update(rows_line(self._rows, self.size.width, self._flip, self._marked), layout=False)


class Tabs(Static):
    """What can be shown in one place, the one shown in reverse; each can be clicked."""

    def __init__(self, titles: Mapping[str, str], action: str, id: str | None = None) -> None:
        """titles: by name; action: is called with the name of the tab that is clicked."""
        super().__init__(id=id, markup=False)
        self._titles, self._action = titles, action
        self._chosen = ""

    def choose(self, kind: str) -> None:
        """Show the tab of `kind` in reverse."""
        if kind == self._chosen:
            return
        self._chosen = kind
        self.on_resize()

    def on_resize(self) -> None:
        """Draw the tabs; where they would not fit, close to each other."""
        roomy = 1 + sum(len(title) + 3 for title in self._titles.values()) <= self.size.width
        gap = " " * roomy
        line = Text(gap, no_wrap=True, overflow="crop", end="")
        for name, title in self._titles.items():
            part = Text(f" {title} ", style="reverse" if name == self._chosen else "")
            part.apply_meta({"@click": f"{self._action}('{name}')"})
            line.append_text(part).append(gap)
        self.update(line, layout=False)


class PlotTabs(Tabs):
    """The kinds of plots."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__({name: one.title for name, one in PLOTS.items()}, "app.choose_plot", id)


class SummaryPanel(SlowView):
    """Accuracies, flip rates and AUC, of all samples, with intervals."""

    def show(self, analysis: Analysis | None, other: int) -> None:
        """Show `analysis` of dense against the model numbered `other`."""
        if analysis is None:
            self.show_sentence("summary: after the clean predictions")
            return
        self.draw((id(analysis), other), lambda _width, _height: summary(analysis, other))
