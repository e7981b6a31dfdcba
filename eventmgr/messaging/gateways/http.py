"""What gateways that are asked over HTTP by `requests` have in common."""

from __future__ import annotations

from collections.abc import Mapping
from ssl import SSLCertVerificationError

from requests import Session
from requests.exceptions import ConnectionError as ConnectionFailed
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError


def both_timeouts(seconds: float) -> tuple[float, float]:
    """For the connection and then for the answer: together no longer than one time-out."""
    connecting = min(5.0, seconds / 3)
    return connecting, seconds - connecting


def read_environment_once(session: Session, url: str) -> None:
    """Give a session the proxies and certificates that the environment names for this address now. By itself it looks
    for them before each request, which takes a fifth of the whole."""
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False


def never_left(error: RequestException) -> bool:
    """Whether the request certainly did not arrive: no connection was ever made."""
    if isinstance(error, ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, ConnectionFailed) and error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    if isinstance(reason, SSLError):
        return isinstance(reason.args[0], SSLCertVerificationError)
    return isinstance(reason, NewConnectionError)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After header asks for; None without one, or where it is a date."""
    told = headers.get("Retry-After", "")
    return float(told) if told.isdigit() else None
