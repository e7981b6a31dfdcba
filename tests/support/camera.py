"""A camera that shows a picture: MJPEG for Chromium's fake video device."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

FRAMES = 30
SIZE = (640, 480)


def film(picture: bytes, path: Path) -> Path:
    """Write a film of the picture (PNG), held still before a white wall, to `path` (*.mjpeg)."""
    wall = Image.new("RGB", SIZE, "white")
    shown = Image.open(io.BytesIO(picture)).convert("RGB")
    shown.thumbnail((360, 360))
    wall.paste(shown, ((SIZE[0] - shown.width) // 2, (SIZE[1] - shown.height) // 2))
    frame = io.BytesIO()
    wall.save(frame, "JPEG", quality=92)
    path.write_bytes(frame.getvalue() * FRAMES)  # MJPEG is JPEG frames joined
    return path


def flags(film_path: Path) -> list[str]:
    """What Chromium is started with so that its camera shows the film."""
    return [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film_path.absolute()}",
    ]
