"""The database after a process was killed, in a folder that can't be used, and on a full disk."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import make_home, remove_home, stop_server
from tests.faults.disk import small_disk
from tests.seed import CLASSIFIER, GENERATOR, SNAPSHOT, add_clean, add_models, rows
from ticketing.database import Database
from ticketing.drafting import queue
from ticketing.embedded import MAX_SOCKET_PATH_BYTES, start_server
from ticketing.errors import DatabaseError
from ticketing.settings import Settings

WRITE_BACK_AND_HANG = """
import sys, time
from pathlib import Path
from ticketing.database import Database
from ticketing.drafting import queue
from ticketing.stages.protocols import Prediction
from ticketing.settings import Settings

database = Database.open(Settings(home=Path("unused"), database_url=sys.argv[1]))
with database.begin() as conn:
    tickets = queue.claim(conn, "killed", 10, 1, 3)
results = [
    queue.Result(ticket, Prediction("logistics", 0.9, 0.5, "auto", None), sys.argv[2],
                 queue.DraftRow("Dear Ann", "Dear <PERSON_1>", sys.argv[3], sys.argv[4], "p", 1, 1, 0.1))
    for ticket in tickets
]
with database.begin() as conn:
    assert len(queue.write_back(conn, "killed", results)) == 10
    print("written, not committed", flush=True)
    time.sleep(600)
"""
OPEN_EMBEDDED = """
import sys
from pathlib import Path
from ticketing.database import Database
from ticketing.settings import Settings

with Database.open(Settings(home=Path(sys.argv[1]))).begin(role=None) as conn:
    print(conn.execute("SELECT pg_postmaster_start_time()::text AS started").fetchone()["started"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home():
    folder = make_home()
    yield folder
    remove_home(folder)


def start_python(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_worker_killed_before_commit_writes_nothing_and_the_next_worker_claims_its_tickets(database):
    with database.begin() as conn:
        add_models(conn)
        add_clean(conn, *(f"T{n}" for n in range(10)))
        queue.enqueue(conn)
    worker = start_python(WRITE_BACK_AND_HANG, database.libpq_uri(), CLASSIFIER, GENERATOR, SNAPSHOT)
    assert worker.stdout.readline() == "written, not committed\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait(20)
    worker.stdin.close()
    worker.stdout.close()

    for table in ("draft", "routing", "draft_event"):
        assert rows(database, f"SELECT count(*) AS n FROM ticketing.{table}") == [{"n": 0}]
    assert rows(database, "SELECT DISTINCT state, claimed_by FROM ticketing.draft_work") == [
        {"state": "claimed", "claimed_by": "killed"}
    ]
    with database.begin(role=None) as conn:
        conn.execute("SELECT pg_sleep(1.1)")  # until the killed worker's lease of one second has expired
    with database.begin() as conn:
        assert len(queue.claim(conn, "next", 20, 60, 3)) == 10


def test_processes_share_the_embedded_server_and_it_stops_with_the_last_process(home):
    first, second = start_python(OPEN_EMBEDDED, str(home)), start_python(OPEN_EMBEDDED, str(home))
    assert first.stdout.readline() == second.stdout.readline() != ""
    pid = int((home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    first.communicate("")
    assert psutil.pid_exists(pid)
    second.communicate("")
    assert first.returncode == second.returncode == 0
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_killed_embedded_server_restarts_with_its_data(home):
    settings = Settings(home=home)
    database = Database.open(settings)
    with database.begin(role=None) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
    pid = int((home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(20)
    # After a container's restart, another process may have the dead server's process id. Here it is the test itself.
    process_file = home / "postgres" / "postmaster.pid"
    process_file.write_text(process_file.read_text().replace(str(pid), str(os.getpid()), 1))
    with pytest.raises(DatabaseError), database.begin(role=None):
        pass
    restarted = start_python(OPEN_EMBEDDED, str(home))
    assert restarted.stdout.readline() != ""
    assert rows(database, "SELECT * FROM kept") == [{"one": 1}]
    database.close()
    restarted.communicate("")


def test_embedded_folder_is_private_and_parent_folders_stay_unreadable_to_others(home):
    nested = home / "private" / "home"
    nested.mkdir(parents=True)
    nested.parent.chmod(0o700)
    process = start_python(OPEN_EMBEDDED, str(nested))
    assert process.stdout.readline() != ""
    assert (nested / "postgres").stat().st_mode & 0o777 == 0o700
    assert nested.parent.stat().st_mode & 0o044 == 0
    process.communicate("")


def test_path_too_long_for_a_socket_raises_an_error_with_the_limit(home):
    deep = home / ("x" * MAX_SOCKET_PATH_BYTES)
    with pytest.raises(DatabaseError, match=f"too long.* of at most {MAX_SOCKET_PATH_BYTES}; set TICKETING_HOME"):
        start_server(deep)
    assert not deep.exists()


@pytest.mark.parametrize("name", ["my home", "it's", "a;b", "$(x)"])
def test_path_with_spaces_or_special_characters_is_refused(home, name):
    with pytest.raises(DatabaseError, match="spaces or special characters; set TICKETING_HOME"):
        start_server(home / name)


def test_home_that_is_a_file_raises_a_database_error(home):
    (home / "file").write_text("")
    with pytest.raises(DatabaseError, match="can't be started in .*/file/postgres: .*set TICKETING_HOME"):
        start_server(home / "file")


def test_folder_that_is_not_writable_raises_a_database_error():
    # Nobody can create a folder in /proc, not even root.
    with pytest.raises(DatabaseError, match="can't be started in /proc/ticketing/postgres: .*set TICKETING_HOME"):
        start_server(Path("/proc/ticketing"))


def test_disk_too_small_for_a_server_raises_a_database_error(home):
    with (
        small_disk(home / "disk", 4),
        pytest.raises(DatabaseError, match="the disk is full .* free some space"),
    ):
        start_server(home / "disk")


def test_disk_that_fills_up_during_an_insert_raises_an_error_and_earlier_rows_stay(home):
    with small_disk(home / "disk", 150):
        database = Database.open(Settings(home=home / "disk"))
        with database.begin(role=None) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
            conn.execute("CREATE TABLE big (text text)")
        free = shutil.disk_usage(home / "disk").free
        (home / "disk" / "ballast").write_bytes(b"x" * (free - 2**20))
        with pytest.raises(DatabaseError, match="disk is full; free some space"), database.begin(role=None) as conn:
            conn.execute("INSERT INTO big SELECT md5(n::text) FROM generate_series(1, 200000) AS n")
        (home / "disk" / "ballast").unlink()
        assert rows(database, "SELECT (SELECT count(*) FROM big) AS big, (SELECT one FROM kept) AS kept") == [
            {"big": 0, "kept": 1}
        ]
        database.close()
        stop_server(home / "disk")
