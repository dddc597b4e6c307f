"""The sandbox from the command line: serve the four sites, alone or during a command, or write its analysts' labels."""

import argparse
import csv
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from core.environment import EnvironmentProblem, now
from sandbox import event
from sandbox.app import create_app
from sandbox.faults import REFUSALS
from sandbox.response_faults import HARMS

LOOPBACK = "127.0.0.1"
LABELLED_AT = datetime(2026, 1, 7, 2, tzinfo=UTC)  # the morning after the event's window, in China
LABEL_COLUMNS = ("platform", "post_id", "sentiment", "labeller", "labelled_at")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True)
    serving = commands.add_parser("serve", help="answer as the four sites, on loopback only")
    serving.add_argument("--port", type=int, default=8718, help="8718 by default; 0 takes any free one")
    names = sorted({*HARMS, *(name for known in REFUSALS.values() for name in known)})
    serving.add_argument("--fault", action="append", default=[], choices=names, help="strike requests; may be repeated")
    serving.add_argument("--fault-rate", type=float, default=0.05, help="the probability; 0.05 by default")
    serving.add_argument("--seed", type=int, default=0, help="of the faults; the same one strikes the same requests")
    serving.add_argument("--signed", action="store_true", help="refuse what the sites' own pages have not signed")
    serving.set_defaults(
        run=lambda given: serve(
            given.port,
            create_app(faults=given.fault, fault_rate=given.fault_rate, seed=given.seed, signed=given.signed),
        )
    )
    accompanying = commands.add_parser("during", help="answer as the four sites while a command runs")
    accompanying.add_argument("command", nargs=argparse.REMAINDER)
    accompanying.set_defaults(run=lambda given: serve_during(given.command or parser.error("during: which command?")))
    labelling = commands.add_parser("labels", help="write the event's sentiment labels as CSV")
    labelling.add_argument("--out", type=Path, required=True)
    labelling.set_defaults(run=lambda given: write_labels(given.out))
    given = parser.parse_args(arguments)
    try:
        now()
    except EnvironmentProblem as problem:  # a clock that cannot be read, or one beside TINGFENG_SOURCE=live
        sys.stderr.write(f"{problem}\n")
        return 2
    status: int = given.run(given)
    return status


def serve(port: int, app: Starlette) -> int:
    """Serve until stopped. Says where it listens in one line on stdout; returns 1 if the port is taken."""
    try:
        server, listener = start_listening(port, app)
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot listen on {LOOPBACK}:{port}: {error.strerror}. Choose another --port.\n")
        return 1
    server.run(sockets=[listener])
    return 0


def serve_during(command: list[str]) -> int:
    """Serve on a free port while a command runs, which finds it in TINGFENG_SANDBOX_URL; returns its exit status."""
    server, listener = start_listening(0, create_app())
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    serving.start()
    try:
        child = subprocess.Popen(command, env=os.environ | {"TINGFENG_SANDBOX_URL": address(listener)})
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


def write_labels(path: Path) -> int:
    """Write LABEL_COLUMNS (times in UTC) of each post of the event; the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(LABEL_COLUMNS)
            for post in event.corpus():
                if post.in_event:
                    writer.writerow((post.platform, post.post_id, post.sentiment, "synthetic", LABELLED_AT.isoformat()))
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
