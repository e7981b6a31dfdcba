"""What a browser would draw of our QR codes, so that a reader can read it."""

from __future__ import annotations

import re

from lxml import etree
from PIL import Image, ImageDraw

STROKE = re.compile(r"([Mm])(\d+) ([\d.]+)h(\d+)")


def draw_qr(svg: str, scale: int = 4) -> Image.Image:
    """The picture of an `<svg class="qr">` (as `core.qr` writes it, or as an HTML parser gives it back)."""
    root = etree.fromstring(svg.replace("viewbox", "viewBox"))
    side = int(root.get("viewBox").split()[2])
    picture = Image.new("L", (side * scale, side * scale), 255)
    pen = ImageDraw.Draw(picture)
    x = y = 0
    for command, right, down, length in STROKE.findall(root[1].get("d")):
        x, y = (int(right), int(float(down))) if command == "M" else (x + int(right), y)
        pen.rectangle((x * scale, y * scale, (x + int(length)) * scale - 1, (y + 1) * scale - 1), fill=0)
        x += int(length)
    return picture
