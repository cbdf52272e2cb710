"""The demo never changes tickets that are not part of the sample. tests/e2e runs the whole demo."""

import pytest

from tests.commands import environment, ticketing
from tests.conftest import make_home, remove_home
from tests.seed import rows
from ticketing.database import Database
from ticketing.settings import Settings


@pytest.fixture
def home():
    folder = make_home()
    yield folder
    remove_home(folder)


def test_demo_in_a_home_with_other_tickets_is_refused_and_changes_no_ticket(home, tmp_path):
    env = environment(home)
    (tmp_path / "tickets.csv").write_text("ticket_id,body,category\nT000001,Mine,logistics\n")
    assert "1 new" in ticketing(env, tmp_path, "import", "tickets.csv").stdout

    result = ticketing(env, tmp_path, "demo", "--history", "300", "--incoming", "10")

    message = " ".join(result.stderr.split())
    assert result.returncode == 1
    assert f"There are 1 tickets in {home} that are not this sample's, such as 'T000001'" in message
    assert "Nothing was written" in message and "TICKETING_HOME=" in message
    database = Database.open(Settings(home=home))
    assert rows(database, "SELECT ticket_id, body FROM ticketing.imported_ticket") == [
        {"ticket_id": "T000001", "body": "Mine"}
    ]
    database.close()


def test_demo_never_writes_to_a_configured_database(refused, database):
    assert "TICKETING_DATABASE_URL is set. Nothing was written" in refused("demo")
    assert rows(database, "SELECT * FROM ticketing.imported_ticket") == []
