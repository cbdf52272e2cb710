"""Encrypts the vault's values with a new key, in batches. A killed rotation continues when it is started again.

`ticketing.privacy.vault_keys` stores the keys.
"""

from collections.abc import Callable

from ticketing.database import Database, Role, queries
from ticketing.errors import PrivacyError
from ticketing.privacy.vault import Vault
from ticketing.privacy.vault_keys import new_key, vault_keys, write_key_file
from ticketing.settings import Settings
from ticketing.tickets import text_key

BATCH = 1_000


def rotate_key(database: Database, settings: Settings, progress: Callable[[int], None]) -> int:
    """Encrypts every value with the new key.

    If the keys are in the key file, this function makes the new key, and finally removes the old key from the file. No
    flow should run in the meantime: a flow that has already read the keys would continue to use the old key.

    Args:
        database: has the vault.
        settings: if `privacy.vault_key` is set, the first key in it is the new key, and the others are old keys.
        progress: called with the number of values done so far, after every batch.

    Returns:
        how many values were encrypted with the new key.

    Raises:
        PrivacyError: `privacy.vault_key` has only one key, or a value can't be decrypted with any of the keys.
    """
    keys = vault_keys(settings)
    if len(keys) == 1:
        if settings.privacy.vault_key is not None:
            raise PrivacyError(
                "privacy.vault_key holds one key: put the new key before it, with a comma between them, and run the "
                "command again. Afterwards you can remove the old key."
            )
        keys = [new_key(), *keys]
        write_key_file(settings, keys)
    done = _encrypt_with_first_key(database, Vault(keys), progress)
    if settings.privacy.vault_key is None:
        write_key_file(settings, keys[:1])
    return done


def _encrypt_with_first_key(database: Database, vault: Vault, progress: Callable[[int], None]) -> int:
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
