"""The commands under one name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

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
from openrouter_async.cli.typed_words import Command, with_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openrouter_async.cli.typed_words import Parameter

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
        words = cast("Sequence[str]", sys.argv[1:] if typed is None else typed)
        # Commands tell how to be run again, word for word.
        own = {"obj": words}
        try:
            with exit_codes():
                code = run(*args, **{**options, **own, "standalone_mode": False})
        except typer.Exit as end:
            code = end.exit_code
        except _UsageError as error:
            told = _told(cast("typer.BadParameter", error), words)
            show_message("error: ", "bold red", told[:1].lower() + told[1:])
            code = EXIT_USAGE

        sys.exit(code if isinstance(code, int) else 0)

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the words; `--help` writes, and may meet a closed pipe."""
        with exit_codes():
            return super().make_context(*args, **options)

    def invoke(self, *args: Any, **options: Any) -> Any:
        """Run the command, whose own `--help` may meet one too."""
        with exit_codes():
            return super().invoke(*args, **options)


def _told(error: typer.BadParameter, words: Sequence[str]) -> str:
    told = error.format_message().rstrip(".")
    parameter = cast("Parameter | None", getattr(error, "param", None))
    return told if parameter is None else with_value(told, parameter.opts, words)


app: typer.Typer = typer.Typer(
    cls=_Commands,
    help="Talk to the OpenRouter API, or to a simulator of it.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(cls=Command)(chat)
app.command(cls=Command)(complete)
app.command("map", cls=Command)(map_prompts)
app.command(cls=Command)(models)
app.command(cls=Command)(key)
app.command(cls=Command)(simulate)
app.command(cls=Command)(demo)


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
