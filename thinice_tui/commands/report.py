"""`thinice-tui report`: the report of a run file."""

from thinice_tui.commands.failures import shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import DebugOption, FormatOption, OutputOption, RunArgument, SamplesInReportOption

REPORT_EXAMPLES = examples(
    "thinice-tui report sample_models/standard.thinice",
    "thinice-tui report sample_models/standard.thinice -o report.json -o report.txt",
)


def report_command(
    run: RunArgument,
    form: FormatOption = None,
    output: OutputOption = None,
    samples_in_report: SamplesInReportOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the report of a run, finished or still going on. This needs neither torch nor the models."""
    with shown_errors(debug):
        from thinice_tui.report.output import plan_output, write_report

        write_report(run, plan_output(form, output or (), samples_in_report, [run]), samples_in_report)
