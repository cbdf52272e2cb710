"""The vault: stores personal values encrypted, by text and placeholder, and decrypts them.

Only the write-back role may read the vault's table. `ticketing.privacy.scrubber` finds the values, and
`ticketing.privacy.vault_keys` gives the keys.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ticketing.database import Connection, queries
from ticketing.errors import PrivacyError
from ticketing.privacy.vault_keys import vault_keys
from ticketing.settings import Settings
from ticketing.tickets import TextKey, text_key

NONCE_BYTES = 12  # the length that NIST SP 800-38D recommends for GCM


class Vault:
    """Encrypts with AES-256-GCM. The additional authenticated data is ticket, revision, content_id and placeholder."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first key encrypts. Each key can decrypt the values that were encrypted with it."""
        self._ciphers = {hashlib.sha256(key).hexdigest()[:8]: AESGCM(key) for key in keys}
        self.key_id = next(iter(self._ciphers))

    @classmethod
    def open(cls, settings: Settings) -> "Vault":
        """Opens the vault with the keys in the settings, or else in the key file. A missing key file is created.

        Raises:
            ConfigurationError: `privacy.vault_key` is not a valid key.
            PrivacyError: the key file is readable for others, damaged, or can't be created.
        """
        return cls(vault_keys(settings))

    def store(self, conn: Connection, key: TextKey, values: Mapping[str, str]) -> None:
        """Stores the values of a ticket's text, and deletes all older values of that ticket."""
        queries.forget_vault_entries(conn, ticket_id=key.ticket_id)
        if values:
            queries.write_vault_entries(
                conn,
                **key._asdict(),
                key_id=self.key_id,
                placeholders=list(values),
                encrypted=[self.encrypted(value, key, placeholder) for placeholder, value in values.items()],
            )

    def read(self, conn: Connection, keys: Sequence[TextKey]) -> dict[TextKey, dict[str, str]]:
        """The values of each text: placeholder → value. An older text of a ticket has no values any more.

        Args:
            conn: a transaction of the write-back role.
            keys: the keys of the texts.

        Raises:
            PrivacyError: an entry was encrypted with an unknown key, or was changed.
        """
        found: dict[TextKey, dict[str, str]] = {key: {} for key in keys}
        rows = queries.read_vault_entries(
            conn,
            ticket_ids=[key.ticket_id for key in keys],
            revisions=[key.revision for key in keys],
            content_ids=[key.content_id for key in keys],
        )
        for row in rows:
            found[text_key(row)][row["placeholder"]] = self.value(row)
        return found

    def encrypted(self, value: str, key: TextKey, placeholder: str) -> bytes:
        """Encrypts a value with the first key. The result is the nonce and the ciphertext, as stored in the vault."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = value.encode("utf-8", "surrogatepass")
        cipher = self._ciphers[self.key_id]
        return nonce + cipher.encrypt(nonce, plain, _authenticated_data(key, placeholder))

    def value(self, row: Mapping[str, Any]) -> str:
        """The decrypted value of one row of the vault.

        Raises:
            PrivacyError: the row was encrypted with an unknown key, or was changed.
        """
        ticket_id, encrypted = row["ticket_id"], bytes(row["value"])
        cipher = self._ciphers.get(row["key_id"])
        if cipher is None:
            raise PrivacyError(
                f"The values of ticket {ticket_id!r} were encrypted with the key {row['key_id']}, but this vault has "
                f"{', '.join(self._ciphers)}: restore that key, or scrub the ticket again."
            )
        try:
            plain = cipher.decrypt(
                encrypted[:NONCE_BYTES],
                encrypted[NONCE_BYTES:],
                _authenticated_data(text_key(row), row["placeholder"]),
            )
        except (InvalidTag, ValueError):
            raise PrivacyError(
                f"A value of ticket {ticket_id!r} can't be decrypted with the key {row['key_id']}: the entry in "
                "vault.entry was changed. Scrub the ticket again."
            ) from None
        return plain.decode("utf-8", "surrogatepass")


def _authenticated_data(key: TextKey, placeholder: str) -> bytes:
    # Values from older versions have no content_id. They stay until their ticket is scrubbed again.
    parts = (*key, placeholder) if key.content_id else (key.ticket_id, key.revision, placeholder)
    return json.dumps(parts).encode()
