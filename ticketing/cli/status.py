"""`ticketing status` counts what is stored; `ticketing doctor` checks what the pipeline needs."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psutil
import typer
from rich.markup import escape
from rich.padding import Padding

from flows.server import api_url, port_is_free, server_is_up
from models.registry.versions import short_names
from ticketing.cli.common import open_database, open_home, output
from ticketing.cli.tables import print_values
from ticketing.database import Database
from ticketing.errors import TicketingError
from ticketing.settings import Settings, get_settings
from ticketing.source import check_source, count_invalid_rows, index_advice, times_without_zone
from ticketing.status import status

MIN_MEMORY_GIB = 6
MIN_DISK_GIB = 5
INDENT = 7


def status_command() -> None:
    """Counts tickets, snapshots, candidates and drafts, and names the champions."""
    print_status(open_database(get_settings()))


def print_status(database: Database) -> None:
    """Prints the counts of `ticketing.status.status`; champions have their short names."""
    names = short_names(database)
    with database.begin() as conn:
        counts = status(conn)
    shown = {}
    for name, value in counts.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key}: {names.get(item, item)}" for key, item in value.items())
        shown[name.replace("_", " ")] = "none" if value in ("", None) else str(value)
    print_values(shown)


class Check(NamedTuple):
    """The result of one check. `advice` says what to do; it is empty if the check passed."""

    name: str
    found: str
    advice: str = ""


def doctor_command() -> None:
    """Checks database, models, memory, disk and Prefect, and says what to do. Exit code 1: something is wrong."""
    settings = get_settings()
    checks = [_checked(name, check, settings) for name, check in CHECKS.items()]
    for check in checks:
        result = "[red]wrong[/]" if check.advice else "[green]ok[/]   "
        output.print(f"{result}  {check.name:<12}{escape(check.found)}", soft_wrap=True)
        if check.advice:
            output.print(Padding(escape(check.advice), (0, 0, 0, INDENT)))
    if any(check.advice for check in checks):
        raise typer.Exit(1)


def _checked(name: str, check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except TicketingError as error:
        return Check(name, type(error).__name__, str(error))
    except OSError as error:
        return Check(name, type(error).__name__, f"{error.filename or name} can't be used: {error.strerror}")


def _home(settings: Settings) -> Check:
    open_home(settings)
    free = shutil.disk_usage(settings.home).free / 2**30
    advice = "" if free >= MIN_DISK_GIB else f"free some disk space: a training needs about {MIN_DISK_GIB} GiB"
    return Check("disk", f"{free:.0f} GiB free under {settings.home}", advice)


def _memory(settings: Settings) -> Check:
    available = psutil.virtual_memory().available / 2**30
    advice = (
        ""
        if available >= MIN_MEMORY_GIB
        else f"training and drafting need about {MIN_MEMORY_GIB} GiB: stop other programs"
    )
    return Check("memory", f"{available:.1f} GiB available, {os.cpu_count()} cores", advice)


def _database(settings: Settings) -> Check:
    open_database(settings)
    return Check("database", "embedded Postgres" if settings.database_url is None else "your Postgres")


def _source(settings: Settings) -> Check:
    with open_database(settings).begin() as conn:
        check_source(conn)
        advice = [*count_invalid_rows(conn).warnings, *filter(None, [index_advice(conn)])]
        zoneless = times_without_zone(conn)
    found = "can be read"
    if zoneless:
        found += (
            f"; {', '.join(zoneless)} in ticketing.source_ticket have no time zone and are read as UTC (for another "
            f"zone, write in the view, for example, {zoneless[0]} AT TIME ZONE 'Europe/Berlin')"
        )
    return Check("source", found, " ".join(advice))


def _base_models(settings: Settings) -> Check:
    from models.shared.base import resolve

    for base_model in (settings.classifier.base_model, settings.generator.base_model):
        resolve(base_model, settings)
    return Check("base models", f"{settings.classifier.base_model}, {settings.generator.base_model}")


def _accelerator(settings: Settings) -> Check:
    from models.shared.hardware import device_name

    if importlib.util.find_spec("vllm") is None:
        return Check("inference", "no vLLM", "pip install 'ticketing[cpu]', or 'ticketing[gpu]' on a GPU machine")
    return Check("inference", f"vLLM on {device_name()}")


def _champions(settings: Settings) -> Check:
    from models.registry.versions import champion

    database = open_database(settings)
    model = champion(database, "classifier", settings)
    return Check("champion", f"{model.short_name} ({model.version})")


def _prefect(settings: Settings) -> Check:
    url = os.environ.get("PREFECT_API_URL") or api_url(settings)
    if server_is_up(url):
        return Check("Prefect", f"server at {url}")
    if port_is_free(settings.prefect.host, settings.prefect.port):
        return Check("Prefect", f"no server; port {settings.prefect.port} is free for 'ticketing up'")
    return Check("Prefect", f"port {settings.prefect.port} is in use by another program", "set TICKETING_PREFECT__PORT")


CHECKS: dict[str, Callable[[Settings], Check]] = {
    "disk": _home,
    "memory": _memory,
    "database": _database,
    "source": _source,
    "base models": _base_models,
    "inference": _accelerator,
    "champion": _champions,
    "Prefect": _prefect,
}
