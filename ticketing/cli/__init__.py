"""The `ticketing` command: the composition root, where settings, database, models and flows are wired together.

A command reads its options, calls the package that does the work, and prints the result.
"""

import os
import sys

import typer
from huggingface_hub.utils.tqdm import disable_progress_bars

from ticketing.cli import data, database, files, labels, learning, models, privacy, review, services, status, study
from ticketing.cli.endings import Commands, end_on_sigterm, report_error

app = typer.Typer(
    name="ticketing",
    cls=Commands,
    help="Drafts replies to support tickets in Postgres. Personal data never leaves your machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"auto_envvar_prefix": "TICKETING"},
)
app.add_typer(database.app, name="db")
app.add_typer(models.app, name="models")
app.add_typer(review.app, name="review")
app.add_typer(privacy.app, name="privacy")
app.add_typer(labels.app, name="labels")
app.add_typer(study.app, name="study")
app.command("import")(data.import_command)
app.command("prepare")(data.prepare_command)
app.command("train")(learning.train_command)
app.command("evaluate")(learning.evaluate_command)
app.command("draft")(learning.draft_command)
app.command("classify")(files.classify_command)
app.command("scrub")(files.scrub_command)
app.command("reply")(files.reply_command)
app.command("status")(status.status_command)
app.command("doctor")(status.doctor_command)
app.command("up")(services.up_command)
app.command("demo")(services.demo_command)


def main() -> None:
    """Runs the command. An error prints one sentence and exits with code 1; an interruption exits with 130 or 143."""
    # How long torch's threads spin before they sleep. With the default, two processes on the same cores become four
    # times slower. Without spinning, a single process loses a fifth of its speed.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # Libraries' own messages and progress bars would break the lines of the log.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    for name in ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS", "TQDM_DISABLE"):
        os.environ.setdefault(name, "1")
    # transformers asks huggingface_hub, which read its environment when it was imported, before these lines.
    disable_progress_bars()
    end_on_sigterm()
    try:
        app()
    except Exception as error:
        report_error(error)
        sys.exit(1)
