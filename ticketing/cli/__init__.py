"""The `ticketing` command: the composition root, where settings, database, models and flows are wired together.

Commands say what was asked and print what came of it; the work is done in the rooms they call.
"""

import logging
import os
import sys

import typer

from ticketing.cli import data, database, files, labels, learning, models, privacy, review, services, status, study
from ticketing.cli.common import console
from ticketing.errors import TicketingError
from ticketing.settings import get_settings

app = typer.Typer(
    name="ticketing",
    help="Reply drafts for support tickets, from the tickets in Postgres, without personal data leaving it.",
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
    """Runs the command; a `TicketingError` becomes its message on stderr and exit code 1."""
    # How long torch's threads spin before they sleep. By default so long that two processes on the same cores slow each
    # other down four times; not at all costs a single one a fifth of its speed.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # Every loaded model would say so twice, between lines that somebody reads.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
        logging.getLogger("ticketing").setLevel(get_settings().log_level)
        app()
    except TicketingError as error:
        console.print(f"[bold red]error:[/] {type(error).__name__}: ", end="")
        console.print(str(error), markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("interrupted: run the same command again, it goes on where it stopped")
        sys.exit(130)
