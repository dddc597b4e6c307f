"""Serves the sandbox on loopback: until stopped, while a command runs, or in a separate process."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from core.problems import Problem
from core.storage.paths import PROJECT_DIR
from sandbox.app import create_app

LOOPBACK = "127.0.0.1"


def serve(port: int, app: Starlette) -> None:
    """Serve until stopped; prints one line with the address. Raises Problem if the port is in use."""
    try:
        server, listener = start_listening(port, app)
    except OSError as error:
        raise Problem(
            f"The sandbox cannot listen on {LOOPBACK}:{port}: {error.strerror}. Choose another --port."
        ) from error
    server.run(sockets=[listener])


@contextmanager
def sandbox_process() -> Iterator[str]:
    """Run a sandbox in a separate process on a free port; yields its base URL. Raises Problem if it does not start."""
    command = [sys.executable, "-m", "sandbox.serving"]
    # In its own process group: Ctrl-C in a terminal stops the command, which then stops the sandbox.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIR, process_group=0) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if "http://" not in line:
            raise Problem(f"The sandbox did not start (exit status {server.wait()}); see its error message above.")
        try:
            yield line.split()[-1]
        finally:
            server.terminate()


def serve_during(command: list[str], cwd: Path | None = None) -> int:
    """Serve on a free port while a command runs, with TINGFENG_SANDBOX_URL set; return the command's exit status."""
    server, listener = start_listening(0, create_app())
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    serving.start()
    try:
        child = subprocess.Popen(command, env=os.environ | {"TINGFENG_SANDBOX_URL": address(listener)}, cwd=cwd)
        # Ctrl-C reaches the command as well, which decides how to handle it; SIGTERM is forwarded.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        status = child.wait()
    except OSError as error:
        sys.stderr.write(f"tingfeng: {command[0]} cannot be started: {error.strerror}.\n")
        status = 127
    finally:
        server.should_exit = True
        serving.join()
    return status if status >= 0 else 128 - status  # ended by a signal: 128 + its number, as in shells


def start_listening(port: int, app: Starlette) -> tuple[uvicorn.Server, socket.socket]:
    """A server that is ready to run, and its listening socket. Raises OSError if the port is in use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    listener.listen()
    sys.stdout.write(f"The sandbox (synthetic posts) listens on {address(listener)}\n")
    sys.stdout.flush()
    return server, listener


def address(listener: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"


if __name__ == "__main__":
    serve(0, create_app())
