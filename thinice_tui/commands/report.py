"""`thinice-tui report`: the report of a run file."""

from thinice_tui.commands.failures import errors_shown
from thinice_tui.commands.options import DebugOption, FormatOption, OutputOption, RunArgument, SamplesInReportOption


def report_command(
    run: RunArgument,
    form: FormatOption = None,
    output: OutputOption = None,
    samples_in_report: SamplesInReportOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the report of a run, without torch."""
    with errors_shown(debug):
        from thinice_tui.report.output import plan_output, write_report

        write_report(run, plan_output(form, output or (), samples_in_report, [run]), samples_in_report)
