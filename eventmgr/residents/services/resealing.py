"""A new SECRET_KEY: citizen numbers are sealed with it anew."""

from __future__ import annotations

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from eventmgr.core.db import db
from eventmgr.core.secrets import keyed_digest, seal, unseal
from eventmgr.residents.models import Resident
from eventmgr.residents.services.residents import CITIZEN_NUMBER

A_CHUNK = 500


def reseal_citizen_numbers(old_secret: str) -> tuple[int, int]:
    """Seal every citizen number that the old key opens with the present one, and match by it from now on.

    May run any number of times. Returns how many were sealed anew, and how many neither key opens.
    """
    resealed, lost, after = 0, 0, 0
    while True:
        chunk = db.session.scalars(
            sa.select(Resident)
            .where(Resident.citizen_number_sealed.is_not(None), Resident.id > after)
            .order_by(Resident.id)
            .limit(A_CHUNK)
        ).all()
        if not chunk:
            return resealed, lost
        for resident in chunk:
            sealed = resident.citizen_number_sealed or ""
            if _opens(sealed):
                continue
            try:
                number = unseal(sealed, old_secret)
            except InvalidTag:
                lost += 1
                continue
            resident.citizen_number_sealed = seal(number)
            resident.citizen_number_digest = keyed_digest(number, CITIZEN_NUMBER)
            resealed += 1
        db.session.flush()
        after = chunk[-1].id


def _opens(sealed: str) -> bool:
    try:
        unseal(sealed)
    except InvalidTag:
        return False
    return True
