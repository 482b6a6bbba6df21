"""The commands under one name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer
from typer.core import TyperGroup

from openrouter_async import __version__
from openrouter_async.cli.chat import chat
from openrouter_async.cli.complete import complete
from openrouter_async.cli.consoles import show_message
from openrouter_async.cli.demo import demo
from openrouter_async.cli.key import key
from openrouter_async.cli.map import map_prompts
from openrouter_async.cli.models import models
from openrouter_async.cli.running import EXIT_USAGE, exit_codes
from openrouter_async.cli.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

# Newer versions of Typer bring their own copy of Click; this is right in both.
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])


class _Commands(TyperGroup):
    """Show what Typer finds wrong in the form that all other errors have."""

    def main(self, *args: object, **options: object) -> None:
        """
        Run a command.

        Raises:
            SystemExit: always, with its exit code.
        """
        run = cast("Callable[..., object]", super().main)
        typed = options.get("args")
        # Commands tell how to be run again, word for word.
        own = {"obj": sys.argv[1:] if typed is None else typed}
        try:
            with exit_codes():
                code = run(*args, **{**options, **own, "standalone_mode": False})
        except typer.Exit as end:
            code = end.exit_code
        except _UsageError as error:
            told = cast("typer.BadParameter", error).format_message().rstrip(".")
            show_message("error: ", "bold red", told[:1].lower() + told[1:])
            code = EXIT_USAGE

        sys.exit(code if isinstance(code, int) else 0)


app: typer.Typer = typer.Typer(
    cls=_Commands,
    help="Talk to the OpenRouter API, or to a simulator of it.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(chat)
app.command()(complete)
app.command("map")(map_prompts)
app.command()(models)
app.command()(key)
app.command()(simulate)
app.command()(demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"openrouter-async {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Talk to the OpenRouter API, or to a simulator of it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(EXIT_USAGE)
