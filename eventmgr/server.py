"""One process that serves pages and runs the worker: what `make run` and `python app.py` start.

For many people `gunicorn app:app` and `flask --app app worker` run apart, as many of each as wanted (docs/operators.md).
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
from typing import Any

import click
from flask import Flask
from flask_migrate import upgrade
from huey.consumer import Consumer

from eventmgr.core.db import db
from eventmgr.worker import LONGEST_GOODBYE_SECONDS, start_embedded_consumer

THREADS = 8


def serve(app: Flask) -> None:
    """Bring the database up to date, then serve on HOST and PORT with the worker inside, until told to stop."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    host, port = app.config["HOST"], app.config["PORT"]
    _stop_unless_free(host, port)
    _migrate(app)
    if sys.platform == "win32":
        _serve_with_waitress(app, host, port)
    else:
        _serve_with_gunicorn(app, host, port)


def _stop_unless_free(host: str, port: int) -> None:
    """One plain sentence instead of a server's repeated tries."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            if sys.platform != "win32":  # there it would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address[0], port, *address[2:]))  # getaddrinfo folds a port that is too large
    except (OSError, OverflowError) as error:
        reason = {
            errno.EADDRINUSE: "Another program uses this port: stop it, or choose another one with PORT=8001.",
            errno.EACCES: "This port needs more rights: choose one above 1023, for example PORT=8001.",
        }.get(getattr(error, "errno", 0), "HOST must be an address of this machine, PORT a number up to 65535.")
        sys.exit(f"eventmgr cannot answer at {host} port {port}. {reason}")


def _migrate(app: Flask) -> None:
    with app.app_context():
        upgrade()
        db.engine.dispose()  # no connection may cross the fork


def _say_ready(host: str, port: int) -> None:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    click.echo(f"eventmgr is ready: http://{f'[{shown}]' if ':' in shown else shown}:{port}/  (Ctrl-C stops it)")


def _serve_with_gunicorn(app: Flask, host: str, port: int) -> None:
    from gunicorn.app.base import BaseApplication

    # One process only: its threads share the worker, and a commune's SQLite file has one writer anyway.
    settings: dict[str, Any] = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "worker_class": "gthread",
        "workers": 1,
        "threads": THREADS,
        "loglevel": "warning",
        "control_socket_disable": True,
        "graceful_timeout": LONGEST_GOODBYE_SECONDS + 4,
        "when_ready": lambda _arbiter: _say_ready(host, port),
        **_consumer_hooks(app),
    }

    class Server(BaseApplication):
        def load_config(self) -> None:
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    Server().run()


def _consumer_hooks(app: Flask) -> dict[str, Any]:
    """The consumer lives in the forked process: threads do not cross a fork."""
    running: list[Consumer] = []

    def start(_worker: object) -> None:
        running.append(start_embedded_consumer(app))

    def stop(_arbiter: object, _worker: object) -> None:
        while running:
            running.pop().stop(graceful=True)

    return {"post_worker_init": start, "worker_exit": stop}


def _serve_with_waitress(app: Flask, host: str, port: int) -> None:
    from waitress import serve as serve_forever

    consumer = start_embedded_consumer(app)
    try:
        _say_ready(host, port)
        serve_forever(app, host=host, port=port, threads=THREADS)
    finally:
        consumer.stop(graceful=True)
