"""The vault's keys: from the settings, or from a file in the home folder that only its owner can read.

There are several keys only during a key rotation. The first key encrypts.
"""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from ticketing.errors import ConfigurationError, PrivacyError
from ticketing.settings import Settings

KEY_FILE = "vault.key"
KEY_BYTES = 32


def vault_keys(settings: Settings) -> list[bytes]:
    """The keys in the settings (comma-separated), or else in the key file (one per line).

    If there is neither, this function creates the key file.

    Raises:
        ConfigurationError: `privacy.vault_key` is not a valid key.
        PrivacyError: the key file is readable for others, damaged, or can't be created.
    """
    if settings.privacy.vault_key is not None:
        keys = [_decoded(part) for part in settings.privacy.vault_key.get_secret_value().split(",")]
        valid = [key for key in keys if key is not None]
        if len(valid) < len(keys):
            raise ConfigurationError(f"privacy.vault_key is not {KEY_BYTES} bytes as base64: make one with "
                                     "'openssl rand -base64 32'.")  # fmt: skip
        return valid
    path = settings.home / KEY_FILE
    try:
        if not path.exists():
            _make_key_file(path)
        return _read_key_file(path)
    except OSError as error:
        raise _unusable(path, error) from None


def write_key_file(settings: Settings, keys: Sequence[bytes]) -> None:
    """Replaces the key file atomically.

    Raises:
        PrivacyError: the file can't be written.
    """
    path = settings.home / KEY_FILE
    try:
        new_file = _write_new_file(path, keys)
        new_file.replace(path)
    except OSError as error:
        raise _unusable(path, error) from None


def new_key() -> bytes:
    """A random key."""
    return secrets.token_bytes(KEY_BYTES)


def _unusable(path: Path, error: OSError) -> PrivacyError:
    return PrivacyError(
        f"The vault's key file {path} can't be used: {error.strerror}. Make its folder writable, or set "
        "TICKETING_PRIVACY__VAULT_KEY."
    )


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _write_new_file(path: Path, keys: Sequence[bytes]) -> Path:
    """Writes the keys to a new file in the same folder. Returns the path of the new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new_file = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    handle = os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return new_file


def _make_key_file(path: Path) -> None:
    """Creates the key file, as a hard link to a finished file.

    So if two processes try, the first wins, and no process reads an unfinished key.
    """
    new_file = _write_new_file(path, [new_key()])
    try:
        os.link(new_file, path)
    except FileExistsError:
        return
    finally:
        new_file.unlink()


def _read_key_file(path: Path) -> list[bytes]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PrivacyError(
            f"The vault's key file {path} is readable for others (mode {mode:03o}): run chmod 600 {path}."
        )
    keys = [_decoded(line) for line in path.read_text("ascii", "replace").splitlines()]
    valid = [key for key in keys if key is not None]
    if not valid or len(valid) < len(keys):
        raise PrivacyError(
            f"The vault's key file {path} does not hold {KEY_BYTES} bytes as base64: put the right file back. If the "
            "right file is lost, remove this one and scrub all tickets again."
        )
    return valid
