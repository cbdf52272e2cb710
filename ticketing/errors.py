"""The errors that a user of the pipeline can meet: subclasses of `TicketingError`, whose messages say what to do.

If an error is raised without a message, the docstring of its class is the message. Programming errors are not wrapped.
"""

import inspect


class TicketingError(Exception):
    """The pipeline could not continue: see the log of the run."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or ""))


class ConfigurationError(TicketingError):
    """A setting is wrong: see `ticketing.toml` and the TICKETING_* variables."""


class DatabaseError(TicketingError):
    """The database can't be reached: check TICKETING_DATABASE_URL, or unset it to use the embedded Postgres."""


class SourceMissing(DatabaseError):
    """The view ticketing.source_ticket can't be read: see 'ticketing doctor'."""


class InputError(TicketingError):
    """The input can't be read."""


class OutputError(TicketingError):
    """The output can't be written: nothing was left behind. Free some space, or choose another path."""


class CorpusError(TicketingError):
    """The tickets in the database can't be made into a training corpus."""


class PrivacyError(TicketingError):
    """Personal data could not be scrubbed or restored: nothing was written."""


class ModelError(TicketingError):
    """A model can't be loaded or trained."""


class EngineError(ModelError):
    """The inference engine failed: see the log of the run, and 'ticketing doctor'."""


class NoChampion(ModelError):
    """No model has been promoted yet: run 'ticketing train' and 'ticketing evaluate' first."""


class GateFailed(TicketingError):
    """A candidate did not pass the gate. The champion stays."""


class ReviewError(TicketingError):
    """The draft is in a state that does not allow this action: see 'ticketing review list'."""


class StudyError(TicketingError):
    """The study is in a state that does not allow this action: see 'ticketing study list'."""


class ServiceError(TicketingError):
    """A local service (the Prefect server) could not be started, or does not answer as it should."""
