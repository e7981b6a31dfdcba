"""eventmgr: a commune's yearly plan of communication on poverty reduction, from plan to report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from eventmgr.config import TOP, load_config
from eventmgr.core.clock import Clock, SystemClock


def create_app(config: Mapping[str, Any] | None = None, clock: Clock | None = None) -> Flask:
    """The application. `config` overrides every other source of settings, `clock` tells the time.

    Starts no thread and sends nothing. Raises `config.ConfigError` if a setting cannot be used.
    """
    app = Flask(
        "eventmgr",
        template_folder=TOP / "templates",
        static_folder=str(TOP / "static"),
        instance_path=str(_instance_path(config)),
    )
    load_config(app, config)
    app.extensions["clock"] = clock or SystemClock()
    _bind_extensions(app)
    _open_rooms(app)
    _add_commands(app)
    return app


def _instance_path(config: Mapping[str, Any] | None) -> Path:
    chosen = (config or {}).get("INSTANCE_PATH") or os.environ.get("INSTANCE_PATH")
    return Path(chosen).resolve() if chosen else TOP / "instance"


def _bind_extensions(app: Flask) -> None:
    from eventmgr import extensions, models  # noqa: F401  (the tables must be known to the database)
    from eventmgr.core.db import db
    from eventmgr.messaging.sender import init_sender

    db.init_app(app)
    extensions.migrate.init_app(app, db, directory=str(TOP / "eventmgr" / "migrations"))
    extensions.csrf.init_app(app)
    extensions.limiter.init_app(app)
    extensions.bootstrap.init_app(app)
    extensions.huey.init_app(app)
    init_sender(app)


def _open_rooms(app: Flask) -> None:
    from eventmgr.accounts import session as accounts_session
    from eventmgr.core import access, access_log, language, registry, retention, web
    from eventmgr.rooms import (
        ADDRESSEES,
        ANSWERS_BY_TEXT,
        BLUEPRINTS,
        BUDGETS,
        NAVIGATION,
        PANELS,
        PERSONAL_DATA,
        REMINDERS_OVER,
        RETENTION,
    )

    language.init_language(app)
    web.init_web(app)
    accounts_session.init_session(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    web.init_navigation(app, NAVIGATION)
    registry.init_registry(app, PERSONAL_DATA, PANELS, BUDGETS, REMINDERS_OVER, ANSWERS_BY_TEXT, ADDRESSEES)
    retention.init_retention(app, RETENTION)
    access.init_access(app)
    access_log.init_access_log(app)


def _add_commands(app: Flask) -> None:
    from eventmgr import cli

    cli.init_commands(app)
