"""Puts the vault's values under a new key, a batch at a time; killed anywhere, it goes on when it is started again."""

from collections.abc import Callable

from ticketing.database import Database, Role, queries
from ticketing.errors import PrivacyError
from ticketing.privacy.vault import Vault
from ticketing.privacy.vault_keys import new_key, vault_keys, write_key_file
from ticketing.settings import Settings
from ticketing.tickets import text_key

BATCH = 1_000


def rotate_key(database: Database, settings: Settings, progress: Callable[[int], None]) -> int:
    """Encrypts every value anew. With a key file, a new key is made and the old one is dropped in the end.

    No flow should be running: one that read the keys before goes on writing under the old one.

    Args:
        database: where the vault is.
        settings: with `privacy.vault_key` set, its first key is the new one, and those after it are the old ones.
        progress: told the number of values done, after every batch.

    Returns:
        How many values were put under the new key.

    Raises:
        PrivacyError: the settings name no second key, or a value can't be read with any of the keys.
    """
    keys = vault_keys(settings)
    if len(keys) == 1:
        if settings.privacy.vault_key is not None:
            raise PrivacyError(
                "privacy.vault_key holds one key: put the new one before it, with a comma between them, and run this "
                "again; after that the old one can go."
            )
        keys = [new_key(), *keys]
        write_key_file(settings, keys)
    done = _encrypt_anew(database, Vault(keys), progress)
    if settings.privacy.vault_key is None:
        write_key_file(settings, keys[:1])
    return done


def _encrypt_anew(database: Database, vault: Vault, progress: Callable[[int], None]) -> int:
    done = 0
    while True:
        with database.begin(Role.WRITEBACK) as conn:
            rows = list(queries.vault_entries_of_other_keys(conn, key_id=vault.key_id, amount=BATCH))
        if not rows:
            return done
        encrypted = [vault.encrypted(vault.value(row), text_key(row), row["placeholder"]) for row in rows]
        with database.begin() as conn:
            queries.replace_vault_entries(
                conn,
                key_id=vault.key_id,
                ticket_ids=[row["ticket_id"] for row in rows],
                revisions=[row["revision"] for row in rows],
                content_ids=[row["content_id"] for row in rows],
                placeholders=[row["placeholder"] for row in rows],
                old_key_ids=[row["key_id"] for row in rows],
                encrypted=encrypted,
            )
        done += len(rows)
        progress(done)
