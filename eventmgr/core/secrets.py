"""Values kept unreadable at rest, and digests to find them by.

Keys are derived from SECRET_KEY (HKDF, RFC 5869): whoever holds the database file alone reads nothing.
"""

from __future__ import annotations

import base64
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

_NONCE = 12
"""Bytes that make two seals of one text differ. Drawn at random, so good for 2^32 seals by one key."""


@lru_cache(maxsize=8)
def _derived_key(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())


def _key(purpose: str) -> bytes:
    return _derived_key(current_app.config["SECRET_KEY"], purpose)


@lru_cache(maxsize=8)
def _sealer(key: bytes) -> AESGCM:
    return AESGCM(key)


def seal(plain: str) -> str:
    """`plain`, encrypted and authenticated (AES-256-GCM, NIST SP 800-38D), as text: 38 characters and 4/3 of its bytes."""
    nonce = os.urandom(_NONCE)
    return base64.urlsafe_b64encode(nonce + _sealer(_key("seal")).encrypt(nonce, plain.encode(), None)).decode()


def unseal(sealed: str, secret: str | None = None) -> str:
    """What `seal` was given. `secret` is a SECRET_KEY of before; None: the present one.

    Raises `cryptography.exceptions.InvalidTag` if another key sealed it, or nobody.
    """
    key = _derived_key(secret, "seal") if secret else _key("seal")
    try:
        kept = base64.urlsafe_b64decode(sealed)
        return _sealer(key).decrypt(kept[:_NONCE], kept[_NONCE:], None).decode()
    except ValueError as no_seal:
        raise InvalidTag from no_seal


def keyed_digest(value: str, purpose: str) -> str:
    """A digest of `value` that only the holder of SECRET_KEY can make: to match without reading."""
    return hmac.digest(_key("digest:" + purpose), value.encode(), "sha256").hex()
