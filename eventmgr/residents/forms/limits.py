"""How long the texts typed in this room may be."""

from __future__ import annotations

from eventmgr.core.forms import at_most

SHORT, LONG = at_most(80), at_most(120)
