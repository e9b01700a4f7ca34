"""`thinice-tui report`: the report of a run file."""

from thinice_tui.commands.failures import shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import (
    ClaimOption,
    DebugOption,
    FailIfOption,
    FormatOption,
    FullOption,
    OutputOption,
    RunsArgument,
    SamplesInReportOption,
)

REPORT_EXAMPLES = examples(
    "thinice-tui report sample_models/standard.thinice",
    "thinice-tui report sample_models/standard.thinice -o report.json -o report.txt",
)


def report_command(
    runs: RunsArgument,
    form: FormatOption = None,
    output: OutputOption = None,
    full: FullOption = False,
    samples_in_report: SamplesInReportOption = False,
    claim: ClaimOption = None,
    fail_if: FailIfOption = None,
    debug: DebugOption = False,
) -> None:
    """Print the report of a run, finished or still going on. This needs neither torch nor the models.

    Several finished runs of the same data are read together: other training seeds, attack seeds or ensembles.
    """
    with shown_errors(debug):
        from thinice_tui.analysis.gate import parse_gates
        from thinice_tui.protocol.claims import parse_claims
        from thinice_tui.report.output import plan_output, write_report
        from thinice_tui.report.report_options import ReportOptions

        options = ReportOptions(samples_in_report, full, parse_claims(claim or ()), parse_gates(fail_if or ()))
        write_report(runs, plan_output(form, output or (), options, runs), options)
