"""Fixtures for the tests of every package: a real Postgres, a new migrated database per test, settings, real data."""

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
    del os.environ[name]  # The tests must not depend on a developer's own settings.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", DO_NOT_TRACK="1")
os.environ["TQDM_DISABLE"] = "1"  # as the command does for itself
# The command sets this too. Otherwise torch's waiting threads spin and take processor time from everything else.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the other test processes use the other processors

# No deadline: on a busy machine, a slow example is not a defect.
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
    """The Postgres server of the tests. It creates and drops databases; its roles are common to all databases."""

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
        """Creates a login that is a member of the given roles. All databases share logins, so its name is unique."""
        name = f"login_{uuid.uuid4().hex[:12]}"
        self._execute(compose.SQL("CREATE ROLE {} LOGIN " + attributes).format(compose.Identifier(name)))
        for role in memberships:
            self._execute(compose.SQL("GRANT {} TO {}").format(compose.Identifier(role), compose.Identifier(name)))
        return name

    def require_password(self, login: str, password: str) -> None:
        """Makes the server require the login's password. The embedded server lets all other logins in without one."""
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
    """Creates a home for an embedded server.

    The path of a Unix socket has at most about 100 bytes. The temporary folders of pytest have longer paths.
    """
    return Path(tempfile.mkdtemp(prefix="ticketing-"))


def stop_server(home: Path) -> None:
    """Stops the embedded server in a home, if it is running."""
    for process_file in home.glob("**/postmaster.pid"):
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(int(process_file.read_text().split("\n")[0]))
            postmaster.send_signal(signal.SIGINT)  # asks Postgres for a fast shutdown
            postmaster.wait(30)


def remove_home(home: Path) -> None:
    stop_server(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def server():
    home = make_home()
    uri = start_server(home)
    with psycopg.connect(uri, autocommit=True) as conn:
        # The data need not survive a power cut, and every test is faster if Postgres does not wait for the disk.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            conn.execute(f"ALTER SYSTEM SET {setting} = off")
        conn.execute("SELECT pg_reload_conf()")
    yield Server(uri, home / "postgres")
    remove_home(home)


@pytest.fixture
def database_name(server):
    """The name of a new database that has the schema."""
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
    """The folder of real data for measurements. The data are never part of the project."""
    folder = Path(os.environ.get("TICKETING_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set TICKETING_TEST_DATA")
    return folder
