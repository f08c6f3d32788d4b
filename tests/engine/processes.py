"""Run code in a new process, as a user's script or worker would, with warnings as errors."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["elsewhere"]


def elsewhere(code: str, given: bytes = b"") -> bytes:
    """Run code in a new process.

    Parameters
    ----------
    code : str
        Python code.
    given : bytes
        What it reads from its standard input.

    Returns
    -------
    bytes
        What it wrote to its standard output.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, input=given, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
