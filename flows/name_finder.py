"""The `name_finder` flow: trains what finds names and addresses, on made-up texts, once a machine.

`prepare` does the same when it needs it; by hand it is run ahead, on a machine that has time.
"""

import time

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows import resources
from flows.common import PLAIN
from reports.summaries import counts_markdown
from ticketing.settings import get_settings


@flow(name="name-finder")
def name_finder() -> str:
    """Returns the finder's version; where it is in the cache already, nothing is trained."""
    started = time.monotonic()
    version = load()
    chosen = get_settings().name_finder
    rows = {"version": version, "layers": chosen.layers, "examples": chosen.examples,
            "seconds": time.monotonic() - started}  # fmt: skip
    create_markdown_artifact(counts_markdown("Finder of names and addresses", rows), key="name-finder")
    get_run_logger().info("finder of names and addresses: version %s", version)
    return version


@task(**PLAIN)
def load() -> str:
    """Trains it if the cache does not have it. Returns its version."""
    return resources.name_finder().version
