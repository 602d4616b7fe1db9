"""The command line: thin, over the same functions. Heavy imports wait until a command needs them, so that --help answers at once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from clvbayes.errors import ClvError

__all__ = ["app", "main"]

INPUT_IS_WRONG, CHECK_FAILED = 2, 3

app = typer.Typer(
    help="Value a customer base: from a table of orders to a valuation report with bands.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
File = Annotated[Path, typer.Argument(help="The valuation file (TOML).", show_default=False)]
Out = Annotated[Path | None, typer.Option(help="Folder of the results; by default out/NAME beside the valuation file.", show_default=False)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as economics.margin=0.3.")]


@app.command()
def demo(out: Annotated[Path, typer.Option(help="Folder of the made-up orders and the results.")] = Path("reports/out/demo")) -> None:
    """Make up a company, value its customers, and print where the report is."""
    with _plain_errors():
        from clvbayes.demo import run_demo

        _finish(run_demo(out))


@app.command()
def run(file: File, out: Out = None, set_: Set = None) -> None:
    """Value a customer base as FILE says, and write the report."""
    with _plain_errors():
        from clvbayes.study import run as run_study

        _finish(run_study(file, out=out, overrides=set_ or ()))


@app.command()
def backtest(file: File, out: Out = None, set_: Set = None) -> None:
    """Grade what FILE's models would have forecast in the past by what happened since; the next run takes it into its report."""
    with _plain_errors():
        from clvbayes.study import run_backtest

        study = run_backtest(file, out=out, overrides=set_ or ())
        for verdict in study.backtest.verdicts:
            if verdict.model == study.backtest.models[0]:
                typer.echo(f"{verdict.model}: {verdict.message}")
        typer.echo(f"{study.backtest.choice.model}: {study.backtest.choice.reason}.")
        typer.echo(str(study.report))


@app.command()
def check(file: File, set_: Set = None) -> None:
    """Read and check everything that a run would read; sample and write nothing."""
    with _plain_errors():
        from clvbayes.study import check as check_study

        inputs = check_study(file, overrides=set_ or ())
        customers, renewals = inputs.customers, inputs.renewals
        for table in (customers, renewals):
            if table is not None and table.ledger is not None:
                for line in (table.ledger.read, *table.ledger.left_out, table.ledger.kept):
                    typer.echo(f"{line.rows:>12,} rows {line.amount:>20,.2f}  {line.reason}")
                for note in table.ledger.notes:
                    typer.echo(f"  {note}")
        if customers is not None and customers.last_order != customers.until:
            typer.echo(f"  the last order is of {customers.last_order}; the days until {customers.until} count as silence of all customers")
        known = [table.until for table in (customers, renewals) if table is not None]
        running = "" if renewals is None else f" with {int(renewals.running.sum()):,} running contracts"
        typer.echo(f"{inputs.source} can be valued: {len(inputs.segments):,} customers{running} until {known[0]}.")


def main() -> None:
    """Entry point of the command."""
    app()


def _finish(study: object) -> None:
    from clvbayes.study import Study

    assert isinstance(study, Study)
    if not study.passed:
        typer.echo("A check failed; the report says which on its first page.", err=True)
    typer.echo(str(study.report))
    if not study.passed:
        raise typer.Exit(CHECK_FAILED)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a person gave wrong is said in one message; a defect keeps its traceback."""
    try:
        yield
    except ClvError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(INPUT_IS_WRONG)
