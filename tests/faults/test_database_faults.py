"""What the database survives: processes killed at the worst moment, a folder that can't be used, a full disk."""

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
    tickets = queue.claim(conn, "doomed", 10, 1, 3)
results = [
    queue.Result(ticket, Prediction("logistics", 0.9, 0.5, "auto", None), sys.argv[2],
                 queue.DraftRow("Dear Ann", "Dear <PERSON_1>", sys.argv[3], sys.argv[4], "p", 1, 1, 0.1))
    for ticket in tickets
]
with database.begin() as conn:
    assert len(queue.write_back(conn, "doomed", results)) == 10
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


def python(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_killed_in_the_middle_of_write_back_leaves_nothing_half_written_and_the_work_to_the_next(database):
    with database.begin() as conn:
        add_models(conn)
        add_clean(conn, *(f"T{n}" for n in range(10)))
        queue.enqueue(conn)
    doomed = python(WRITE_BACK_AND_HANG, database.libpq_uri(), CLASSIFIER, GENERATOR, SNAPSHOT)
    assert doomed.stdout.readline() == "written, not committed\n"
    doomed.send_signal(signal.SIGKILL)
    doomed.wait(20)
    doomed.stdin.close()
    doomed.stdout.close()

    for table in ("draft", "routing", "draft_event"):
        assert rows(database, f"SELECT count(*) AS n FROM ticketing.{table}") == [{"n": 0}]
    assert rows(database, "SELECT DISTINCT state, claimed_by FROM ticketing.draft_work") == [
        {"state": "claimed", "claimed_by": "doomed"}
    ]
    with database.begin(role=None) as conn:
        conn.execute("SELECT pg_sleep(1.1)")  # the dead worker's lease
    with database.begin() as conn:
        assert len(queue.claim(conn, "next", 20, 60, 3)) == 10


def test_embedded_server_is_shared_by_processes_and_stops_with_the_last(home):
    first, second = python(OPEN_EMBEDDED, str(home)), python(OPEN_EMBEDDED, str(home))
    assert first.stdout.readline() == second.stdout.readline() != ""
    pid = int((home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    first.communicate("")
    assert psutil.pid_exists(pid)
    second.communicate("")
    assert first.returncode == second.returncode == 0
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_embedded_server_that_was_killed_comes_back_with_its_data(home):
    settings = Settings(home=home)
    database = Database.open(settings)
    with database.begin(role=None) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
    pid = int((home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(20)
    # As after a container's restart: the dead server's process id now belongs to somebody else, here to this test.
    process_file = home / "postgres" / "postmaster.pid"
    process_file.write_text(process_file.read_text().replace(str(pid), str(os.getpid()), 1))
    with pytest.raises(DatabaseError), database.begin(role=None):
        pass
    again = python(OPEN_EMBEDDED, str(home))
    assert again.stdout.readline() != ""
    assert rows(database, "SELECT * FROM kept") == [{"one": 1}]
    database.close()
    again.communicate("")


def test_embedded_folder_is_closed_to_others_and_those_above_are_not_opened(home):
    nested = home / "private" / "home"
    nested.mkdir(parents=True)
    nested.parent.chmod(0o700)
    opened = python(OPEN_EMBEDDED, str(nested))
    assert opened.stdout.readline() != ""
    assert (nested / "postgres").stat().st_mode & 0o777 == 0o700
    assert nested.parent.stat().st_mode & 0o044 == 0
    opened.communicate("")


def test_path_too_long_for_a_socket_is_refused_with_the_numbers(home):
    deep = home / ("x" * MAX_SOCKET_PATH_BYTES)
    with pytest.raises(DatabaseError, match=f"too long.* of at most {MAX_SOCKET_PATH_BYTES}; set TICKETING_HOME"):
        start_server(deep)
    assert not deep.exists()


@pytest.mark.parametrize("name", ["my home", "it's", "a;b", "$(x)"])
def test_path_a_shell_would_trip_over_is_refused(home, name):
    with pytest.raises(DatabaseError, match="spaces or special characters; set TICKETING_HOME"):
        start_server(home / name)


def test_home_that_is_a_file_is_told(home):
    (home / "file").write_text("")
    with pytest.raises(DatabaseError, match="can't be started in .*/file/postgres: .*set TICKETING_HOME"):
        start_server(home / "file")


def test_folder_that_is_not_writable_is_told():
    # /proc takes no folder from anybody, root included.
    with pytest.raises(DatabaseError, match="can't be started in /proc/ticketing/postgres: .*set TICKETING_HOME"):
        start_server(Path("/proc/ticketing"))


def test_disk_too_full_for_a_server_is_told(home):
    with (
        small_disk(home / "disk", 4),
        pytest.raises(DatabaseError, match="the disk is full .* free some space"),
    ):
        start_server(home / "disk")


def test_disk_that_fills_up_while_writing_is_told_and_the_rows_before_are_kept(home):
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
