"""Types of settings that pydantic lacks: time zones, cron expressions, folders.

It defines no setting: that is `ticketing.settings`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def check_timezone(name: str) -> str:
    """Returns the name if it is the name of a time zone.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # For an unknown name, for a path or null bytes, and for a folder of zones such as 'Europe'.
        raise ValueError(f"{name!r} is no time zone: write a name such as Europe/Berlin or UTC") from None
    return name


def _check_cron(expression: str) -> str:
    try:
        if len(expression.split()) != 5:
            raise CronSimError
        # Any date will do: this also refuses an expression that never comes true, such as 30 February.
        next(CronSim(expression, NEW_YEAR))
    except (CronSimError, StopIteration):
        raise ValueError(
            f"{expression!r} is no cron expression: write minute, hour, day, month and weekday, as in '0 2 * * *'"
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
