"""A Prefect server for the tests of flows, and settings that make flows use the test's database."""

import os
import socket

import pytest
from prefect.context import refresh_global_settings_context

from flows.server import prefect_server
from ticketing.settings import Settings, get_settings


@pytest.fixture(scope="package")
def prefect(tmp_path_factory):
    """A Prefect server to which flows in this process report; its API's URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = dict(os.environ)
    try:
        with prefect_server(Settings(home=tmp_path_factory.mktemp("prefect")), port) as url:
            # Prefect reads its environment only on import, and earlier tests may have imported Prefect already.
            refresh_global_settings_context()
            yield url
    finally:
        os.environ.clear()
        os.environ.update(before)
        refresh_global_settings_context()


@pytest.fixture
def flow_settings(settings, monkeypatch):
    """Makes flows read the test's settings. Yields the monkeypatch, for more settings in environment variables."""
    monkeypatch.setenv("TICKETING_HOME", str(settings.home))
    monkeypatch.setenv("TICKETING_DATABASE_URL", settings.database_url.get_secret_value())
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()
