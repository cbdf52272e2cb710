"""A file system of a few megabytes, for tests with a full disk."""

import contextlib
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """Mounts a small file system on a new folder; skips the test where that is not possible."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        yield
    finally:
        # Lazily, because a server that failed to start may still have a file open for a moment.
        subprocess.run(["umount", "--lazy", folder], check=True)
