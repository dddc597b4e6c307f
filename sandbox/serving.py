"""The sandbox as a server on loopback: alone, during a command, or as a process beside this one."""

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
    """Serve until stopped; one line on stdout has the address. Raises Problem if the port is taken."""
    try:
        server, listener = start_listening(port, app)
    except OSError as error:
        raise Problem(
            f"The sandbox cannot listen on {LOOPBACK}:{port}: {error.strerror}. Choose another --port."
        ) from error
    server.run(sockets=[listener])


@contextmanager
def sandbox_process() -> Iterator[str]:
    """A sandbox in a process of its own on a free port, so that it does not compete with this one; its address."""
    command = [sys.executable, "-m", "sandbox.serving"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_DIR) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if "http://" not in line:
            raise Problem(f"The sandbox did not start (exit status {server.wait()}); its reason is above.")
        try:
            yield line.split()[-1]
        finally:
            server.terminate()


def serve_during(command: list[str], cwd: Path | None = None) -> int:
    """Serve on a free port while a command runs, which finds it in TINGFENG_SANDBOX_URL; returns its exit status."""
    server, listener = start_listening(0, create_app())
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    serving.start()
    try:
        child = subprocess.Popen(command, env=os.environ | {"TINGFENG_SANDBOX_URL": address(listener)}, cwd=cwd)
        # Ctrl-C reaches the command too, which decides what to do about it; a request to end is handed on.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        status = child.wait()
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}.\n")
        status = 127
    finally:
        server.should_exit = True
        serving.join()
    return status if status >= 0 else 128 - status  # ended by a signal: as a shell says it


def start_listening(port: int, app: Starlette) -> tuple[uvicorn.Server, socket.socket]:
    """A server still to be run, and its socket, where requests wait for it. Raises OSError if the port is taken."""
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
