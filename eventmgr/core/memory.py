"""Making many objects at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Leave Python's collector of cycles out for a while: among hundreds of thousands of objects that are all still
    needed its rounds cost nearly as much as the work, and find nothing. Bounded work only, as a list of people is.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
