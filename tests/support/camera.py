"""A camera that shows a picture: MJPEG for Chromium's fake video device."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import qrcode
from PIL import Image, ImageChops, ImageFilter

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


def code_picture(text: str, box: int = 6) -> Image.Image:
    """A QR of the text, as it is printed, `box` pixels a module."""
    return qrcode.make(text, box_size=box, border=4).get_image().convert("RGB")


def _slanted(picture: Image.Image) -> Image.Image:
    """Held at an angle: the right side is farther away."""
    width, height = picture.size
    corners = (0, 0, 0, height, width, height * 1.09, width, -height * 0.09)
    return picture.transform(picture.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor="white")


HARD: dict[str, Callable[[str], Image.Image]] = {
    "easy": lambda text: code_picture(text),
    "far": lambda text: code_picture(text, box=2),
    "rotated": lambda text: code_picture(text).rotate(
        37, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC
    ),
    "blurred": lambda text: code_picture(text).filter(ImageFilter.GaussianBlur(2.2)),
    "slanted": lambda text: _slanted(code_picture(text)),
    "inverted": lambda text: ImageChops.invert(code_picture(text)),
}
"""How codes come before the camera: on paper far away, on a screen in the dark, in a shaking hand."""


def film_of(pictures: Sequence[Image.Image | None], path: Path, frames_each: int = FRAMES) -> Path:
    """Write a film that shows one picture after the other on a grey wall, None being the wall alone."""
    written = bytearray()
    for picture in pictures:
        wall = Image.new("RGB", SIZE, (150, 150, 145))
        if picture is not None:
            shown = picture.copy()
            shown.thumbnail(SIZE)
            wall.paste(shown, ((SIZE[0] - shown.width) // 2, (SIZE[1] - shown.height) // 2))
        frame = io.BytesIO()
        wall.save(frame, "JPEG", quality=85)
        written += frame.getvalue() * frames_each
    path.write_bytes(bytes(written))
    return path


def flags(film_path: Path) -> list[str]:
    """What Chromium is started with so that its camera shows the film."""
    return [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film_path.absolute()}",
    ]
