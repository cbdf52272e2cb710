"""The base class of settings sections, and types that pydantic lacks: time zones, cron expressions, folders.

`ticketing.settings` defines the settings.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """One section of the settings. An unknown name in it is an error, because it is most likely a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def check_timezone(name: str) -> str:
    """Returns the name if it is the name of a time zone.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # The name is unknown, or a path, or has null bytes, or is a folder of time zones such as 'Europe'.
        raise ValueError(f"{name!r} is not a time zone: write a name such as Europe/Berlin or UTC") from None
    return name


def _check_cron(expression: str) -> str:
    try:
        if len(expression.split()) != 5:
            raise CronSimError
        # This also refuses an expression that never comes true, such as 30 February. Any start date will do.
        next(CronSim(expression, NEW_YEAR))
    except (CronSimError, StopIteration):
        raise ValueError(
            f"{expression!r} is not a cron expression: write minute, hour, day, month and weekday, as in '0 2 * * *'"
        ) from None
    return expression


def _check_folder(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path can't hold a null byte")
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"{str(path)!r} names the folder of a user who does not exist") from None


TimeZone = Annotated[str, AfterValidator(check_timezone)]
Cron = Annotated[str, AfterValidator(_check_cron)]
Folder = Annotated[Path, AfterValidator(_check_folder)]
