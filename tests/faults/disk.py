"""A file system of a few megabytes, for tests of what a full disk does."""

import contextlib
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(folder, megabytes):
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        yield
    finally:
        # Lazily, since a server that fails to start may still hold a file of it for a moment.
        subprocess.run(["umount", "--lazy", folder], check=True)
