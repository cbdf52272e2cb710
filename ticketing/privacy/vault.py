"""The vault: personal values, encrypted, by ticket, revision and placeholder; and the key to them.

Only the write-back role may read the table; which values go in is `ticketing.privacy.scrubber`.
"""

import base64
import binascii
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ticketing.database import queries
from ticketing.errors import ConfigurationError, PrivacyError
from ticketing.settings import Settings

Connection = psycopg.Connection[dict[str, Any]]
Key = tuple[str, int]

KEY_FILE = "vault.key"
KEY_BYTES = 32
NONCE_BYTES = 12  # what NIST SP 800-38D recommends for GCM


class Vault:
    """Encrypts with AES-256-GCM; each value is bound to its ticket, revision and placeholder."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.key_id = hashlib.sha256(key).hexdigest()[:8]

    @classmethod
    def open(cls, settings: Settings) -> "Vault":
        """The vault with the key of the settings, or of the key file under the home, which is made if missing.

        Raises:
            ConfigurationError: `privacy.vault_key` is no key.
            PrivacyError: the key file can be read by others, is damaged, or can't be made.
        """
        if settings.privacy.vault_key is not None:
            key = _decoded(settings.privacy.vault_key.get_secret_value())
            if key is None:
                raise ConfigurationError(f"privacy.vault_key is not {KEY_BYTES} bytes as base64: make one with "
                                         "'openssl rand -base64 32'.")  # fmt: skip
            return cls(key)
        path = settings.home / KEY_FILE
        try:
            if not path.exists():
                _make_key_file(path)
            return cls(_read_key_file(path))
        except OSError as error:
            raise PrivacyError(
                f"The vault's key file {path} can't be used: {error.strerror}. Make its folder writable, or set "
                "TICKETING_PRIVACY__VAULT_KEY."
            ) from None

    def store(self, conn: Connection, ticket_id: str, revision: int, values: Mapping[str, str]) -> None:
        """Puts a ticket's values in, in place of whatever the vault had of that ticket; any number of times."""
        queries.forget_vault_entries(conn, ticket_id=ticket_id)
        if values:
            queries.write_vault_entries(
                conn,
                ticket_id=ticket_id,
                revision=revision,
                key_id=self.key_id,
                placeholders=list(values),
                encrypted=[self._encrypt(value, ticket_id, revision, name) for name, value in values.items()],
            )

    def read(self, conn: Connection, keys: Sequence[Key]) -> dict[Key, dict[str, str]]:
        """The values of tickets, by (ticket id, revision): placeholder → value; empty for a ticket without any.

        Args:
            conn: a transaction of the write-back role.
            keys: which tickets, as (ticket id, revision).

        Raises:
            PrivacyError: an entry was made with another key, or has been changed.
        """
        found: dict[Key, dict[str, str]] = {key: {} for key in keys}
        rows = queries.read_vault_entries(
            conn, ticket_ids=[ticket_id for ticket_id, _ in keys], revisions=[revision for _, revision in keys]
        )
        for row in rows:
            found[row["ticket_id"], row["revision"]][row["placeholder"]] = self._decrypt(row)
        return found

    def _encrypt(self, value: str, ticket_id: str, revision: int, placeholder: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = value.encode("utf-8", "surrogatepass")
        return nonce + self._cipher.encrypt(nonce, plain, _bound_to(ticket_id, revision, placeholder))

    def _decrypt(self, row: Mapping[str, Any]) -> str:
        ticket_id, encrypted = row["ticket_id"], bytes(row["value"])
        if row["key_id"] != self.key_id:
            raise PrivacyError(
                f"The values of ticket {ticket_id!r} were encrypted with the key {row['key_id']}, but this vault has "
                f"{self.key_id}: restore that key, or scrub the ticket again."
            )
        try:
            plain = self._cipher.decrypt(
                encrypted[:NONCE_BYTES],
                encrypted[NONCE_BYTES:],
                _bound_to(ticket_id, row["revision"], row["placeholder"]),
            )
        except (InvalidTag, ValueError):
            raise PrivacyError(
                f"A value of ticket {ticket_id!r} can't be decrypted with the key {self.key_id}: the entry in "
                "vault.entry was changed. Scrub the ticket again."
            ) from None
        return plain.decode("utf-8", "surrogatepass")


def _bound_to(ticket_id: str, revision: int, placeholder: str) -> bytes:
    return json.dumps([ticket_id, revision, placeholder]).encode()


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _make_key_file(path: Path) -> None:
    """Linked into place whole: of two processes one wins, and nobody ever reads half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _read_key_file(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PrivacyError(f"The vault's key file {path} can be read by others (mode {mode:03o}): chmod 600 it.")
    key = _decoded(path.read_text("ascii", "replace"))
    if key is None:
        raise PrivacyError(
            f"The vault's key file {path} does not hold {KEY_BYTES} bytes as base64: put the right file back; if it is "
            "lost, remove it and scrub all tickets again."
        )
    return key
