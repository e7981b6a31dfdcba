"""The processes an operator starts, as they are started."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 90


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python with these arguments, as an office of its own; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def start_process(*arguments: str) -> subprocess.Popen[str]:
        settings = {"INSTANCE_PATH": str(tmp_path), "PORT": str(port), "HOST": "127.0.0.1"}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=TOP,
            env=inherited | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start_process
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def listens_to_signals(process: subprocess.Popen[str]) -> bool:
    """Whether the process has a handler of its own for SIGTERM, as Linux tells it."""
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def stop(process: subprocess.Popen[str], by: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(by)
    return process.wait(PATIENCE_SECONDS)


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as database:
        return {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}


def test_app_py_makes_its_database_serves_and_runs_the_worker(start, port, tmp_path):
    process = start("app.py")
    wait_until(lambda: answers(port), "it answers")
    wait_until((tmp_path / "huey.db").exists, "the worker listens")

    assert "household" in tables(tmp_path / "eventmgr.db")
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert stop(process) == 0
    assert f"http://127.0.0.1:{port}/" in process.communicate()[0]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_alone_stops_calmly(start, tmp_path, by):
    process = start("-m", "flask", "--app", "app", "worker")
    wait_until(lambda: listens_to_signals(process), "the worker listens")

    assert stop(process, by) == 0


def test_gunicorn_serves_without_a_worker(start, port, tmp_path):
    start("-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--no-control-socket", "app:app")
    wait_until(lambda: answers(port), "it answers")

    assert not (tmp_path / "huey.db").exists()


def test_a_port_in_use_is_told_in_one_sentence(start, port):
    with socket.create_server(("127.0.0.1", port)):
        process = start("app.py")
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    assert said == (
        f"eventmgr cannot answer at 127.0.0.1 port {port}. "
        "Another program uses this port: stop it, or choose another one with PORT=8001.\n"
    )
