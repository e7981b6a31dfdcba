"""Values kept unreadable at rest, and digests to find them by.

Keys are derived from SECRET_KEY (HKDF, RFC 5869): whoever holds the database file alone reads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


@lru_cache(maxsize=8)
def _derived_key(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())


def _key(purpose: str) -> bytes:
    return _derived_key(current_app.config["SECRET_KEY"], purpose)


@lru_cache(maxsize=8)
def _sealer(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def seal(plain: str) -> str:
    """`plain`, encrypted and authenticated, as text."""
    return _sealer(_key("seal")).encrypt(plain.encode()).decode()


def unseal(sealed: str, secret: str | None = None) -> str:
    """What `seal` was given. `secret` is a SECRET_KEY of before; None: the present one.

    Raises `cryptography.fernet.InvalidToken` if another key sealed it.
    """
    key = _derived_key(secret, "seal") if secret else _key("seal")
    return _sealer(key).decrypt(sealed.encode()).decode()


def keyed_digest(value: str, purpose: str) -> str:
    """A digest of `value` that only the holder of SECRET_KEY can make: to match without reading."""
    return hmac.new(_key("digest:" + purpose), value.encode(), hashlib.sha256).hexdigest()
