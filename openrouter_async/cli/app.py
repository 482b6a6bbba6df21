"""The commands under one name."""

from __future__ import annotations

from typing import Annotated

import typer

from openrouter_async import __version__
from openrouter_async.cli.complete import complete
from openrouter_async.cli.demo import demo
from openrouter_async.cli.simulate import simulate

app: typer.Typer = typer.Typer(
    help="Talk to the OpenRouter API, or to a simulator of it.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(complete)
app.command()(simulate)
app.command()(demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"openrouter-async {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Talk to the OpenRouter API, or to a simulator of it."""
