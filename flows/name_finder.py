"""The `name-finder` flow: trains the finder of names and addresses ahead of time.

Without it, `prepare` trains the finder when it first needs it.
"""

import time

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows.common import PLAIN
from models.context import Context
from reports.markdown import counts_markdown
from ticketing.settings import get_settings


@flow(name="name-finder")
def name_finder() -> str:
    """Trains the finder, unless the cache of this machine has it. Returns the finder's version."""
    started = time.monotonic()
    with Context(get_settings()) as context:
        version = load(context)
        chosen = context.settings.name_finder
    rows = {"version": version, "layers": chosen.layers, "examples": chosen.examples,
            "seconds": time.monotonic() - started}  # fmt: skip
    create_markdown_artifact(counts_markdown("Finder of names and addresses", rows), key="name-finder")
    get_run_logger().info("finder of names and addresses: version %s", version)
    return version


@task(**PLAIN)
def load(context: Context) -> str:
    """Loads the finder, and trains it if the cache does not have it. Returns its version."""
    return context.name_finder.version
