"""The command line: one file per command, found by its name; heavy imports wait until a command runs.

Exit codes: 0 done, 1 failed, 2 bad input (a `MaskwrightError`, told in one message), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import typer

from maskwright.cli.console import say_error
from maskwright.errors import MaskwrightError

ORDER = ("check", "preview", "train", "evaluate", "audit", "demo")
"""The order of the job, which the help follows; commands not named here come after."""


def application() -> typer.Typer:
    """Assemble the commands: every module of this package that defines `command`."""
    app = typer.Typer(
        name="maskwright",
        help="Hide parts of the input while a model learns, and prove with numbers how much that helped.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        add_completion=False,
    )
    app.callback(invoke_without_command=True)(_top)
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    for name in sorted(names, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n)):
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "command"):
            app.command(name, no_args_is_help=getattr(module, "NEEDS_ARGUMENTS", True))(module.command)
    return app


def main() -> None:
    """Entry point of `maskwright` and of `python -m maskwright`."""
    # torch warns on every process that no parameter went unused, which is as often true as not; it reads this once.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    try:
        _find_code_of_the_user()
        application()(standalone_mode=True)
    except MaskwrightError as error:
        say_error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        say_error("stopped by Ctrl-C.")
        sys.exit(130)
    except SystemExit as stop:
        # Within a command typer turns Ctrl-C into an exit without a word.
        if isinstance(getattr(stop.__context__, "__cause__", None), KeyboardInterrupt):
            say_error("stopped by Ctrl-C.")
        raise
    except OSError as error:
        # Disk full, no permission, a vanished network drive: the cause lies outside the program.
        say_error(f"the system refused: {error.strerror or error} ({error.filename or 'no file named'}).")
        sys.exit(2)


def _find_code_of_the_user() -> None:
    """Let strategies and collators in the current folder be named `module:Name`; installed packages come first."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)


def _version(value: bool) -> None:
    if value:
        from maskwright import __version__

        typer.echo(f"maskwright {__version__}")
        raise typer.Exit


def _top(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version  # handled by its callback, before any command
