"""Fixtures every room's tests share: a real Postgres, a fresh migrated database for each test, settings, real data."""

import contextlib
import os
import shutil
import signal
import tempfile
import uuid
from pathlib import Path

import hypothesis
import psutil
import psycopg
import pytest
from psycopg import sql as compose

from ticketing.database import Database
from ticketing.embedded import start_server
from ticketing.migrations import upgrade
from ticketing.settings import Settings

for name in [name for name in os.environ if name.startswith("TICKETING_") and name != "TICKETING_TEST_DATA"]:
    del os.environ[name]  # a developer's own settings are not the tests'
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1")
# As the command does for itself: torch's threads starve whatever else is on the processor while they spin.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# How long one example takes says nothing on a machine that is doing other things too.
hypothesis.settings.register_profile("ticketing", deadline=None)
hypothesis.settings.load_profile("ticketing")

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser):
    parser.addoption("--run-bench", action="store_true", help="run the benchmarks too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--run-bench"):
        return
    for item in items:
        if item.get_closest_marker("bench"):
            item.add_marker(pytest.mark.skip(reason="a benchmark: run 'make bench'"))


class Server:
    """The tests' own Postgres: databases are made and dropped in it, its roles belong to all of them."""

    def __init__(self, uri: str, folder: Path) -> None:
        self._uri = uri
        self._folder = folder
        self.template = self.create()
        with contextlib.closing(Database.open(self.settings(Path("unused"), self.template))) as database:
            upgrade(database)

    def settings(self, home: Path, name: str) -> Settings:
        return Settings(home=home, database_url=self.uri(name))

    def uri(self, name: str, login: str = "postgres") -> str:
        return self._uri.replace("/postgres?", f"/{name}?").replace("postgres:@", f"{login}@")

    def create(self, template: str | None = None) -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        copy = compose.SQL("TEMPLATE {}").format(compose.Identifier(template)) if template else compose.SQL("")
        self._execute(compose.SQL("CREATE DATABASE {} {}").format(compose.Identifier(name), copy))
        return name

    def drop(self, name: str) -> None:
        self._execute(compose.SQL("DROP DATABASE {} WITH (FORCE)").format(compose.Identifier(name)))

    def create_login(self, *memberships: str, attributes: str = "") -> str:
        """A login of its own with the roles it is a member of; roles are the cluster's, so the name is unique."""
        name = f"login_{uuid.uuid4().hex[:12]}"
        self._execute(compose.SQL("CREATE ROLE {} LOGIN " + attributes).format(compose.Identifier(name)))
        for role in memberships:
            self._execute(compose.SQL("GRANT {} TO {}").format(compose.Identifier(role), compose.Identifier(name)))
        return name

    def require_password(self, login: str, password: str) -> None:
        """From now on the login is let in with its password only; the embedded server trusts everybody else."""
        self._execute(compose.SQL("ALTER ROLE {} PASSWORD {}").format(compose.Identifier(login), password))
        rules = self._folder / "pg_hba.conf"
        rules.write_text(f"local all {login} scram-sha-256\n" + rules.read_text())
        self._execute(compose.SQL("SELECT pg_reload_conf()"))

    def log(self) -> str:
        return (self._folder / "log").read_text()

    def _execute(self, statement) -> None:
        with psycopg.connect(self._uri, autocommit=True) as conn:
            conn.execute(statement)


def make_home() -> Path:
    """A home for an embedded server. A socket's path has at most about 100 bytes, too few for pytest's own folders."""
    return Path(tempfile.mkdtemp(prefix="ticketing-"))


def stop_server(home: Path) -> None:
    """Stops the embedded server that runs there, if one does."""
    for process_file in home.glob("**/postmaster.pid"):
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(int(process_file.read_text().split("\n")[0]))
            postmaster.send_signal(signal.SIGINT)  # Postgres' fast shutdown
            postmaster.wait(30)


def remove_home(home: Path) -> None:
    stop_server(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def server():
    home = make_home()
    uri = start_server(home)
    with psycopg.connect(uri, autocommit=True) as conn:
        # Nothing here has to outlive a power cut, and not waiting for the disk makes every test faster.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            conn.execute(f"ALTER SYSTEM SET {setting} = off")
        conn.execute("SELECT pg_reload_conf()")
    yield Server(uri, home / "postgres")
    remove_home(home)


@pytest.fixture
def database_name(server):
    """A fresh database with the schema in it."""
    name = server.create(server.template)
    yield name
    server.drop(name)


@pytest.fixture
def settings(server, database_name, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return server.settings(home, database_name)


@pytest.fixture
def database(settings):
    with contextlib.closing(Database.open(settings)) as database:
        yield database


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data for measuring; it is never part of the project."""
    folder = Path(os.environ.get("TICKETING_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set TICKETING_TEST_DATA")
    return folder
