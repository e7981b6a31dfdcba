"""Print every figure: `python -m bench`, or some: `python -m bench page scans`."""

from __future__ import annotations

import importlib
import json
import sys

FIGURES = ("page", "scans", "scanner", "messages", "outbox", "search", "imports")


def main() -> None:
    """Run the named measurements (all without a name), one JSON object a line."""
    for name in sys.argv[1:] or FIGURES:
        for figure in importlib.import_module(f"bench.{name}").run():
            print(json.dumps(figure, ensure_ascii=False), flush=True)


main()
