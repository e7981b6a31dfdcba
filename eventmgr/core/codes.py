"""The short codes on invitations: random, easy to say and to type."""

import re
import secrets

# Crockford base32: no I, L, O, U, so that nothing is mistaken for 1 or 0 and no word is spelled by chance.
# Source: Douglas Crockford, Base 32, https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10  # ten characters of five bits: 50 bits, see the rules on guessing in the design

_MISREAD = str.maketrans("OIL", "011")
_IN_LINK = re.compile(r"/i/([^/?#]+)/?(?:[?#].*)?$", re.IGNORECASE)


def new_code() -> str:
    """A new random code. It is not promised to be unused: the unique key of the table says that."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalise_code(typed: str) -> str | None:
    """The code somebody typed, read out or scanned, or None if it cannot be one.

    Case, spaces and dashes do not matter, O is read as 0, I and L as 1; a whole link `.../i/CODE` is taken too.
    """
    text = typed.strip()
    link = _IN_LINK.search(text)
    if link:
        text = link[1]
    code = re.sub(r"[\s\u2010-\u2015._-]+", "", text).upper().translate(_MISREAD)
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        return None
    return code


def spell_code(code: str) -> str:
    """A code as it is printed and said: `ABCDE-FGHJK`."""
    return f"{code[:5]}-{code[5:]}"
