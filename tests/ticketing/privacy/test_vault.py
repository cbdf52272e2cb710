import base64
import multiprocessing
import stat

import pytest

from tests.seed import TEXT
from ticketing.database import Role
from ticketing.errors import ConfigurationError, DatabaseError, PrivacyError
from ticketing.privacy.vault import Vault
from ticketing.privacy.vault_keys import KEY_FILE
from ticketing.settings import PrivacySettings, Settings
from ticketing.tickets import TextKey

VALUES = {"<PERSON_1>": "Jane Doe", "<ORDER_ID_1>": "SH20240501123", "<PERSON_2>": "王\ud800\x00"}


@pytest.fixture
def vault():
    return Vault([bytes(32)])


def store(database, vault, ticket_id="t1", revision=1, content_id=TEXT, values=VALUES):
    with database.begin(Role.PIPELINE) as conn:
        vault.store(conn, TextKey(ticket_id, revision, content_id), values)


def read(database, vault, *keys):
    with database.begin(Role.WRITEBACK) as conn:
        return vault.read(conn, [TextKey(*key) for key in keys])


def stored_rows(database):
    with database.begin(None) as conn:
        return conn.execute("SELECT * FROM vault.entry ORDER BY placeholder").fetchall()


def test_only_the_values_of_the_requested_tickets_are_read(database, vault):
    store(database, vault)
    store(database, vault, ticket_id="t2", values={"<PERSON_1>": "Bob"})

    values = read(database, vault, ("t1", 1, TEXT), ("t3", 1, TEXT))

    assert values == {("t1", 1, TEXT): VALUES, ("t3", 1, TEXT): {}}


def test_table_contains_no_plain_value_and_equal_values_are_encrypted_differently(database, vault):
    store(database, vault, values={"<PERSON_1>": "Jane Doe", "<PERSON_2>": "Jane Doe"})

    rows = stored_rows(database)

    assert len({bytes(row["value"]) for row in rows}) == 2
    assert not any(b"Jane" in bytes(row["value"]) for row in rows)


def test_storing_a_newer_revision_replaces_the_older_one_and_keeps_other_tickets(database, vault):
    store(database, vault)
    store(database, vault, ticket_id="t2")
    store(database, vault, revision=2, values={"<PERSON_1>": "Joan"})
    store(database, vault, revision=2, values={"<PERSON_1>": "Joan"})

    values = read(database, vault, ("t1", 1, TEXT), ("t1", 2, TEXT), ("t2", 1, TEXT))

    assert values == {("t1", 1, TEXT): {}, ("t1", 2, TEXT): {"<PERSON_1>": "Joan"}, ("t2", 1, TEXT): VALUES}


def test_pipeline_may_not_read_values(database, vault):
    store(database, vault)

    with pytest.raises(DatabaseError, match="42501"), database.begin(Role.PIPELINE) as conn:
        vault.read(conn, [TextKey("t1", 1, TEXT)])


def test_error_for_a_wrong_key_names_ticket_and_key_and_contains_no_value(database, vault):
    store(database, vault)

    with pytest.raises(PrivacyError) as refused:
        read(database, Vault([b"1" * 32]), ("t1", 1, TEXT))

    assert "'t1'" in str(refused.value)
    assert vault.key_id in str(refused.value)
    assert "Jane" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        "SET ticket_id = 't2'",
        "SET revision = 7",
        "SET content_id = 'text-7'",
        "SET placeholder = '<PERSON_9>'",
        "SET value = value || '\\x00'",
        "SET value = ''",
    ],
)
def test_entry_that_was_moved_or_changed_is_not_decrypted(database, vault, change):
    store(database, vault, values={"<PERSON_1>": "Jane Doe"})
    with database.begin(None) as conn:
        conn.execute(f"UPDATE vault.entry {change}")

    with pytest.raises(PrivacyError, match="changed"):
        read(database, vault, ("t1", 1, TEXT), ("t2", 1, TEXT), ("t1", 7, TEXT), ("t1", 1, "text-7"))


def test_key_file_is_created_only_once_and_only_its_owner_can_read_it(tmp_path):
    home = tmp_path / "home"

    first = Vault.open(Settings(home=home))
    second = Vault.open(Settings(home=home))

    assert first.key_id == second.key_id
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == [KEY_FILE]


def _open_key_id(home):
    return Vault.open(Settings(home=home)).key_id


def test_processes_that_create_the_key_at_the_same_time_get_the_same_key(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        ids = pool.map(_open_key_id, [tmp_path / "home"] * 8, chunksize=1)

    assert len(set(ids)) == 1


def test_key_file_that_others_can_read_is_refused(tmp_path):
    Vault.open(Settings(home=tmp_path))
    (tmp_path / KEY_FILE).chmod(0o640)

    with pytest.raises(PrivacyError, match="chmod 600"):
        Vault.open(Settings(home=tmp_path))


@pytest.mark.parametrize("content", ["", "short", base64.b64encode(b"x" * 31).decode(), "é" * 44])
def test_damaged_key_file_is_refused_and_not_changed(tmp_path, content):
    path = tmp_path / KEY_FILE
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(PrivacyError, match="32 bytes"):
        Vault.open(Settings(home=tmp_path))

    assert path.read_text() == content


def test_opening_the_vault_in_a_home_that_is_a_file_raises_an_error(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(PrivacyError, match="TICKETING_PRIVACY__VAULT_KEY"):
        Vault.open(Settings(home=tmp_path / "home"))


def test_key_in_the_settings_is_used_and_an_invalid_key_is_not_shown(tmp_path):
    key = base64.b64encode(bytes(32)).decode()

    assert (
        Vault.open(Settings(home=tmp_path, privacy=PrivacySettings(vault_key=key))).key_id == Vault([bytes(32)]).key_id
    )
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigurationError) as refused:
        Vault.open(Settings(home=tmp_path, privacy=PrivacySettings(vault_key="c2VjcmV0")))
    assert "c2VjcmV0" not in str(refused.value)


def test_storing_no_values_removes_the_earlier_values_of_the_ticket(database, vault):
    store(database, vault)

    store(database, vault, values={})

    assert stored_rows(database) == []
