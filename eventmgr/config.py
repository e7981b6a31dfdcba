"""Settings of the installation: defaults, then `instance/config.py`, then the environment.

Read and checked once, at start. What an office decides (no-send hours, prices, paper header)
is not here but in `core.settings`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask

logger = logging.getLogger(__name__)

TOP = Path(__file__).resolve().parent.parent
"""The folder that holds app.py, templates/, static/ and instance/."""

MEBIBYTE = 1024 * 1024
GATEWAYS = ("simulator", "twilio", "android")

SENDER_NAME = 11
"""Characters of a sender name: the ten octets of an address hold eleven septets. Source: 3GPP TS 23.040, 9.1.2.5"""

USUAL_RATES = {"android": 0.2}
"""Texts a second where SMS_RATE_PER_SECOND is not set; others have no limit. Twelve a minute: Android asks its owner to
confirm when an app sends more than 30 in its interval (AOSP, SmsUsageMonitor), and networks block SIMs that send in
bursts."""


class ConfigError(RuntimeError):
    """A setting cannot be used; the sentence says which and why."""


def _number(kind: Callable[[str], Any], low: float) -> Callable[[str, str], Any]:
    def read(name: str, text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise ConfigError(f"{name} must be a number, not {text!r}.") from None
        if value < low:
            raise ConfigError(f"{name} must be at least {low:g}.")
        return value

    return read


def _text(_name: str, text: str) -> str:
    return text.strip()


DEFAULTS: dict[str, tuple[Any, Callable[[str, str], Any]]] = {
    "DATABASE_URL": ("", _text),
    "SECRET_KEY": ("", _text),
    "PUBLIC_URL": ("", _text),
    "HOST": ("127.0.0.1", _text),
    "PORT": (8000, _number(int, 1)),
    "TIMEZONE": ("Asia/Ho_Chi_Minh", _text),
    "PROXY_HOPS": (0, _number(int, 0)),
    "SMS_GATEWAY": ("simulator", _text),
    "TWILIO_ACCOUNT_SID": ("", _text),
    "TWILIO_AUTH_TOKEN": ("", _text),
    "TWILIO_FROM": ("", _text),
    "TWILIO_MESSAGING_SERVICE_SID": ("", _text),
    "TWILIO_API_BASE": ("https://api.twilio.com", _text),
    "ANDROID_GATEWAY_URL": ("", _text),
    "ANDROID_GATEWAY_USER": ("", _text),
    "ANDROID_GATEWAY_PASSWORD": ("", _text),
    "ANDROID_GATEWAY_SIGNING_KEY": ("", _text),
    "SMS_RATE_PER_SECOND": (None, _number(float, 0)),
    "SMS_CONCURRENCY": (8, _number(int, 1)),
    "SMS_TIMEOUT_SECONDS": (20.0, _number(float, 0.05)),
    "SMS_RECONCILE_AFTER_SECONDS": (60.0, _number(float, 0)),
    "SMS_NO_SEND_HOURS": (None, _text),
}
"""Every setting of the installation: its default and how its text is read.

SMS_RATE_PER_SECOND: None is what the gateway stands, 0 no limit.
SMS_NO_SEND_HOURS: None leaves it to the commune's setting, an empty text means no such hours."""


def load_config(app: Flask, overrides: Mapping[str, Any] | None) -> None:
    """Fill `app.config`. Raises ConfigError with one sentence if a setting cannot be used."""
    app.config.update({name: default for name, (default, _) in DEFAULTS.items()})
    app.config.from_pyfile(os.path.join(app.instance_path, "config.py"), silent=True)
    for name, (_, read) in DEFAULTS.items():
        if name in os.environ:
            app.config[name] = read(name, os.environ[name])
    app.config.update(overrides or {})
    _check(app)
    _derive(app)


def _check(app: Flask) -> None:
    config = app.config
    try:
        ZoneInfo(config["TIMEZONE"])
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"TIMEZONE {config['TIMEZONE']!r} is not a known zone.") from None
    if config["PORT"] > 65535:
        raise ConfigError("PORT must be at most 65535.")
    if config["SMS_GATEWAY"] not in GATEWAYS:
        raise ConfigError(f"SMS_GATEWAY must be one of {', '.join(GATEWAYS)}.")
    if config["PUBLIC_URL"]:
        parts = urlsplit(config["PUBLIC_URL"])
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
            raise ConfigError("PUBLIC_URL must be like https://hop.example.vn, without a path.")
        config["PUBLIC_URL"] = f"{parts.scheme}://{parts.netloc}"
    if config["SMS_GATEWAY"] == "twilio":
        missing = [n for n in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN") if not config[n]]
        if not (config["TWILIO_FROM"] or config["TWILIO_MESSAGING_SERVICE_SID"]):
            missing.append("TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID")
        if missing:
            raise ConfigError(f"SMS_GATEWAY=twilio needs {', '.join(missing)}.")
        if any(letter.isalpha() for letter in config["TWILIO_FROM"]) and len(config["TWILIO_FROM"]) > SENDER_NAME:
            raise ConfigError(f"TWILIO_FROM: a sender name has at most {SENDER_NAME} characters.")
    if config["SMS_GATEWAY"] == "android":
        missing = [
            n for n in ("ANDROID_GATEWAY_URL", "ANDROID_GATEWAY_USER", "ANDROID_GATEWAY_PASSWORD") if not config[n]
        ]
        if missing:
            raise ConfigError(f"SMS_GATEWAY=android needs {', '.join(missing)}.")
        if urlsplit(config["ANDROID_GATEWAY_URL"]).scheme not in ("http", "https"):
            raise ConfigError("ANDROID_GATEWAY_URL must be like http://192.168.1.20:8080.")

    if config["SMS_RECONCILE_AFTER_SECONDS"] <= config["SMS_TIMEOUT_SECONDS"]:
        logger.warning(
            "SMS_RECONCILE_AFTER_SECONDS should be longer than SMS_TIMEOUT_SECONDS and the lag of the gateway's list:"
            " a text that arrives late could be taken for lost, and sent twice."
        )


def _derive(app: Flask) -> None:
    config = app.config
    instance = Path(app.instance_path)
    if not config["SECRET_KEY"]:
        config["SECRET_KEY"] = _own_secret(instance)
    config["DATABASE_URL"] = _with_psycopg(config["DATABASE_URL"] or f"sqlite:///{instance / 'eventmgr.db'}")
    config["SQLALCHEMY_DATABASE_URI"] = config["DATABASE_URL"]
    config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", {"pool_size": 16, "hide_parameters": True})
    if config["SMS_RATE_PER_SECOND"] is None:
        config["SMS_RATE_PER_SECOND"] = USUAL_RATES.get(config["SMS_GATEWAY"], 0.0)
    config["SESSION_COOKIE_NAME"] = "eventmgr"
    config["SESSION_COOKIE_HTTPONLY"] = True
    config["SESSION_COOKIE_SAMESITE"] = "Lax"
    config["SESSION_COOKIE_SECURE"] = config["PUBLIC_URL"].startswith("https:")
    config["REMEMBER_COOKIE_HTTPONLY"] = True
    config["REMEMBER_COOKIE_SECURE"] = config["SESSION_COOKIE_SECURE"]
    config["REMEMBER_COOKIE_SAMESITE"] = "Lax"
    config["MAX_CONTENT_LENGTH"] = 20 * MEBIBYTE
    config["WTF_CSRF_TIME_LIMIT"] = 12 * 60 * 60  # seconds: a form may stay open a working day
    config["BABEL_DEFAULT_LOCALE"] = "vi"
    config["BABEL_DEFAULT_TIMEZONE"] = config["TIMEZONE"]
    config["BABEL_TRANSLATION_DIRECTORIES"] = str(TOP / "eventmgr" / "translations")
    config["BOOTSTRAP_SERVE_LOCAL"] = True
    config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    config.setdefault("RATELIMIT_STORAGE_URI", "memory://")


def _with_psycopg(url: str) -> str:
    """The plain names of PostgreSQL mean psycopg 3 here."""
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _own_secret(instance: Path) -> str:
    """The key of this installation, made on first use and readable by its owner alone."""
    instance.mkdir(parents=True, exist_ok=True)
    path = instance / "secret_key"
    if not path.exists():
        draft = instance / f"secret_key.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # complete at once, and the first of two processes wins
        draft.unlink()
    return path.read_text().strip()
