import base64

import pytest

from tests.seed import TEXT
from ticketing.database import Role
from ticketing.errors import PrivacyError
from ticketing.privacy import rotation
from ticketing.privacy.rotation import rotate_key
from ticketing.privacy.vault import Vault
from ticketing.privacy.vault_keys import KEY_FILE, vault_keys
from ticketing.settings import PrivacySettings
from ticketing.tickets import TextKey

OLD, NEW = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def store(database, vault, count):
    """Stores two values for each of `count` tickets."""
    with database.begin() as conn:
        for number in range(count):
            vault.store(
                conn, TextKey(f"t{number}", 1, TEXT), {"<PERSON_1>": f"Jane {number}", "<ORDER_ID_1>": "SH20240501123"}
            )


def read(database, vault, ticket_id):
    with database.begin(Role.WRITEBACK) as conn:
        key = TextKey(ticket_id, 1, TEXT)
        return vault.read(conn, [key])[key]


def key_ids_in_use(database):
    with database.begin() as conn:
        return {row["key_id"] for row in conn.execute("SELECT DISTINCT key_id FROM vault.entry")}


def test_values_can_be_read_after_a_rotation_and_the_old_key_is_removed(database, settings, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 3)
    old = Vault.open(settings)
    store(database, old, 4)
    reported_counts = []

    assert rotate_key(database, settings, reported_counts.append) == 8

    new = Vault.open(settings)
    assert reported_counts == [3, 6, 8]
    assert key_ids_in_use(database) == {new.key_id} != {old.key_id}
    assert read(database, new, "t3")["<PERSON_1>"] == "Jane 3"
    assert len(vault_keys(settings)) == 1
    assert [path.name for path in settings.home.iterdir()] == [KEY_FILE]


def test_interrupted_rotation_continues_with_the_same_new_key(database, settings, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 3)
    store(database, Vault.open(settings), 4)

    def stop(count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_key(database, settings, stop)
    half_rotated = Vault.open(settings)
    assert len(vault_keys(settings)) == 2
    assert read(database, half_rotated, "t0")["<PERSON_1>"] == "Jane 0"
    assert read(database, half_rotated, "t3")["<PERSON_1>"] == "Jane 3"

    assert rotate_key(database, settings, lambda count: None) == 5
    assert key_ids_in_use(database) == {half_rotated.key_id}


def test_key_in_the_settings_is_rotated_by_setting_the_new_and_the_old_key(database, settings):
    def with_key(value):
        return settings.model_copy(update={"privacy": PrivacySettings(vault_key=value)})

    store(database, Vault.open(with_key(OLD)), 1)
    with pytest.raises(PrivacyError, match="one key"):
        rotate_key(database, with_key(NEW), lambda count: None)

    assert rotate_key(database, with_key(f"{NEW},{OLD}"), lambda count: None) == 2
    assert read(database, Vault.open(with_key(NEW)), "t0")["<PERSON_1>"] == "Jane 0"
    assert not (settings.home / KEY_FILE).exists()


def test_value_that_cannot_be_decrypted_stops_the_rotation_and_the_error_names_the_ticket(database, settings):
    store(database, Vault([b"x" * 32]), 1)

    with pytest.raises(PrivacyError, match="t0"):
        rotate_key(database, settings, lambda count: None)

    assert len(vault_keys(settings)) == 2
