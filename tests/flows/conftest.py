"""A Prefect server for the flows' tests, and flows that find the test's own database."""

import socket

import pytest

from flows import resources
from flows.server import prefect_server
from ticketing.settings import Settings, get_settings


@pytest.fixture(scope="package")
def prefect(tmp_path_factory):
    """A server that flows of this process report to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with prefect_server(Settings(home=tmp_path_factory.mktemp("prefect")), port) as url:
        yield url


@pytest.fixture
def flow_settings(settings, monkeypatch):
    """The test's settings, as flows read them."""
    monkeypatch.setenv("TICKETING_HOME", str(settings.home))
    monkeypatch.setenv("TICKETING_DATABASE_URL", settings.database_url.get_secret_value())
    get_settings.cache_clear()
    resources.database.cache_clear()
    yield monkeypatch
    resources.database().close()
    resources.database.cache_clear()
    get_settings.cache_clear()
