"""Ends a command: an error becomes one sentence, and SIGTERM acts like Ctrl-C. It has no command."""

import errno
import signal
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from ticketing.cli.common import console
from ticketing.cli.log_lines import show_log
from ticketing.errors import ConfigurationError, TicketingError
from ticketing.settings import get_settings

# A shell's exit code for a process that a signal ended: 128 plus the signal's number.
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM has asked the process to end."""


class Commands(TyperGroup):
    """The group of all commands. It starts the log before a command, and reports an interruption."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 — the type differs between versions of typer
        """Runs a command. An interruption prints a sentence and exits with the code that a shell expects."""
        try:
            # --help needs no settings. Every other command reads them again and then reports the error.
            with suppress(ConfigurationError):
                show_log(get_settings())
            return super().invoke(ctx)
        except KeyboardInterrupt as interruption:
            console.print("interrupted: run the same command again, and it continues where it stopped")
            raise typer.Exit(EXIT_TERMINATED if isinstance(interruption, Terminated) else EXIT_INTERRUPTED) from None


def end_on_sigterm() -> None:
    """Makes SIGTERM raise `Terminated`, so that `with` blocks end and servers stop as after Ctrl-C.

    A shell script starts background processes so that they ignore SIGINT (Ctrl-C). Only SIGTERM ends those.
    """
    signal.signal(signal.SIGTERM, _terminate)


def report_error(error: Exception) -> None:
    """Prints one sentence about an error that ended a command.

    For an unexpected error it prints only the type, because the message may quote a ticket. The stack trace goes to a
    file.
    """
    if isinstance(error, TicketingError):
        console.print(f"[bold red]error:[/] {type(error).__name__}: ", end="")
        console.print(str(error), markup=False)
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        console.print("[bold red]error:[/] the output can't be written: the disk is full")
    else:
        console.print(f"[bold red]unexpected error[/] {type(error).__name__}; the stack trace is in ", end="")
        console.print(str(_write_stack(error)), markup=False, soft_wrap=True)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _write_stack(error: BaseException) -> Path:
    """Writes the types and stack traces of an error and its causes, without messages or values of variables."""
    name = f"error-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.log"
    text = "\n".join(_stacks(error))
    try:
        folder = get_settings().home / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    except (OSError, TicketingError):
        folder = Path(tempfile.mkdtemp(prefix="ticketing-"))
        (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _stacks(error: BaseException | None) -> list[str]:
    lines: list[str] = []
    while error is not None:
        lines += [f"{type(error).__module__}.{type(error).__qualname__}", *traceback.format_tb(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            lines.append("The error above was caused by this error, or raised while this error was handled:")
    return lines
