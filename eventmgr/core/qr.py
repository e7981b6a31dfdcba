"""QR codes as small inline SVG: for the resident's page, printed invitations and pairing a phone."""

from __future__ import annotations

from functools import lru_cache

import qrcode
from markupsafe import Markup, escape
from qrcode.constants import ERROR_CORRECT_M

QUIET_ZONE = 4
"""Modules of white around the code, by ISO/IEC 18004."""


@lru_cache(maxsize=256)
def qr_modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The dark (True) and light modules, row by row, without the quiet zone.

    Text in capitals, digits and `$%*+-./:` takes the alphanumeric mode, 5.5 bits a character instead of 8: fewer
    modules, easier for a cheap camera and a bad print. A seventh of the code may be dirty (level M).
    """
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text, optimize=0)  # in one piece: the narrowest mode that takes all of it
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


def qr_svg(text: str, label: str) -> Markup:
    """The code as one `<svg class="qr">`, black on white with its quiet zone; its size is the style sheet's."""
    modules = qr_modules(text)
    side = len(modules) + 2 * QUIET_ZONE
    path = "".join(_row_path(row, y) for y, row in enumerate(modules))
    return Markup(
        '<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" role="img" aria-label="{1}" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{0}v{0}H0z"/><path stroke="#000" d="{2}"/></svg>'
    ).format(side, escape(label), path)


def _row_path(row: tuple[bool, ...], y: int) -> str:
    """One row as horizontal strokes a module wide: short to send, as gaps and strokes are relative."""
    parts: list[str] = []
    gap, run, started = 0, 0, False
    for dark in [*row, False]:
        if dark:
            run += 1
            continue
        if run:
            parts.append(f"m{gap} 0h{run}" if started else f"M{QUIET_ZONE + gap} {QUIET_ZONE + y}.5h{run}")
            started, gap, run = True, 0, 0
        gap += 1
    return "".join(parts)
