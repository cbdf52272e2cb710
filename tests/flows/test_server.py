import json
import socket
import urllib.request

import pytest

from flows.server import port_is_free, prefect_api, prefect_server, server_is_up
from ticketing.errors import ServiceError
from ticketing.settings import PrefectSettings


def test_port_in_use_raises_an_error_before_the_server_starts(settings):
    with socket.create_server(("127.0.0.1", 0)) as other_server:
        port = other_server.getsockname()[1]
        assert not port_is_free("127.0.0.1", port)
        with pytest.raises(ServiceError, match=rf"Port {port} on 127.0.0.1 is in use.*TICKETING_PREFECT__PORT"):
            prefect_server(settings, port).__enter__()
    assert not (settings.home / "logs").exists()


def test_prefect_server_from_the_environment_is_used(settings, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with prefect_api(settings) as url:
        assert url == "http://127.0.0.1:1/api"


def test_ui_calls_the_api_of_the_server_that_serves_the_ui(prefect):
    with urllib.request.urlopen(prefect.removesuffix("/api") + "/ui-settings", timeout=10) as response:  # noqa: S310
        assert json.load(response)["api_url"] == prefect


def test_server_is_not_up_on_a_closed_port():
    assert not server_is_up("http://127.0.0.1:1/api")


def test_every_flow_has_a_deployment_and_nightly_has_the_schedule_of_the_settings():
    from flows.serving import deployments

    settings = PrefectSettings(nightly_cron="5 1 * * *", timezone="Asia/Shanghai")
    by_name = {deployment.name: deployment for deployment in deployments(settings)}

    assert set(by_name) == {
        "nightly",
        "retrain",
        "prepare",
        "train",
        "evaluate",
        "approve",
        "draft",
        "name-finder",
        "study",
    }
    (nightly,) = by_name["nightly"].schedules
    assert (nightly.schedule.cron, nightly.schedule.timezone) == ("5 1 * * *", "Asia/Shanghai")
    assert not by_name["train"].schedules
