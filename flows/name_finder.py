"""The flow `name-finder`: trains the name finder, which finds names and addresses, ahead of time.

Without this flow, `prepare` trains the name finder when `prepare` first needs it.
"""

import time

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows.common import NO_RETRY
from models.context import Context
from reports.markdown import counts_markdown
from ticketing.settings import get_settings


@flow(name="name-finder")
def name_finder() -> str:
    """Trains the name finder, unless the cache of this machine already has it. Returns the name finder's version."""
    started = time.monotonic()
    with Context(get_settings()) as context:
        version = load(context)
        options = context.settings.name_finder
    rows = {"version": version, "layers": options.layers, "examples": options.examples,
            "seconds": time.monotonic() - started}  # fmt: skip
    create_markdown_artifact(counts_markdown("Finder of names and addresses", rows), key="name-finder")
    get_run_logger().info("finder of names and addresses: version %s", version)
    return version


@task(**NO_RETRY)
def load(context: Context) -> str:
    """Loads the name finder, and trains it first if the cache does not have it. Returns the version."""
    return context.name_finder.version
