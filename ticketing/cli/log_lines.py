"""Selects the log lines that the terminal shows: no lines about Prefect's own states, and no stack traces of tasks.

Other logs stay complete: Prefect's server keeps the whole log of a run.
"""

import logging

from ticketing.settings import Settings

PREFECT_ENGINES = ("flow_engine", "task_engine")  # the modules of Prefect that run flows and tasks
# Such a line is hidden, because the command that ran the flow reports the error in one sentence.
FAILURE = "Encountered exception during execution"


def show_log(settings: Settings) -> None:
    """Prints the log of this process on stderr, from the settings' log level upwards."""
    handler = logging.StreamHandler()
    handler.addFilter(_is_about_the_work)
    handler.setFormatter(_WithoutStackTraces("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("ticketing").setLevel(settings.log_level)


def _is_about_the_work(record: logging.LogRecord) -> bool:
    if record.module not in PREFECT_ENGINES:
        return True
    return record.levelno >= logging.WARNING and not str(record.msg).startswith(FAILURE)


class _WithoutStackTraces(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # When Prefect retries a task, the sentence of the error is enough. Other handlers get the unchanged record.
        if record.module in PREFECT_ENGINES:
            record = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None})
        return super().format(record)
