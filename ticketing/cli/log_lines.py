"""Selects the log lines that the terminal shows: those about the work, without Prefect's own lines and stacks.

It does not change other logs: Prefect's server keeps the whole log of a run.
"""

import logging

from ticketing.settings import Settings

ENGINES = ("flow_engine", "task_engine")  # the modules of Prefect that run flows and tasks
# The command that ran the flow reports the error, in one sentence.
FAILED = "Encountered exception during execution"


def show_log(settings: Settings) -> None:
    """Prints the log of this process on stderr, from the level in the settings upwards."""
    handler = logging.StreamHandler()
    handler.addFilter(_is_about_the_work)
    handler.setFormatter(_WithoutStacks("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("ticketing").setLevel(settings.log_level)


def _is_about_the_work(record: logging.LogRecord) -> bool:
    if record.module not in ENGINES:
        return True
    return record.levelno >= logging.WARNING and not str(record.msg).startswith(FAILED)


class _WithoutStacks(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # For a task that Prefect retries, the error's sentence is enough. Other handlers get the unchanged record.
        if record.module in ENGINES:
            record = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None})
        return super().format(record)
