"""How much memory a process has taken."""

from __future__ import annotations

from pathlib import Path


def highest_megabytes() -> float:
    """The most memory this program has held, in MiB. Not `ru_maxrss`: that counts what stood there before the program
    began."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the memory is measured on Linux only")
