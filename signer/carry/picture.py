"""Drawn codes as files: PNG, animated GIF, SVG, and a page to print.

Sources: W3C PNG (third edition); GIF89a, with the looping extension of Netscape 2.0; Welch's LZW
as GIF's appendix F has it. Two colours only, so that nothing but the standard library is needed.
"""

import html
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from signer.carry.qr import Code

SCALE: Final = 6
"""Pixels a module: sharp on a screen, and small enough for any reader."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PALETTE: Final = b"\xff\xff\xff\0\0\0"  # 0 light, 1 dark

_DARK: Final = re.compile(b"\1+")

_CODE_SIZE: Final = 2  # GIF's least, though one bit would do
_CLEAR, _END, _FIRST = 4, 5, 6
_FULL: Final = 4096


def pixels(code: Code, scale: int = SCALE) -> list[bytes]:
    """The code with its quiet zone, a byte a pixel: 1 dark, 0 light."""
    light, dark = bytes(scale), b"\1" * scale
    wide = (
        row.replace(b"\0", b"\2").replace(b"\1", dark).replace(b"\2", light)
        for row in code.framed()
    )
    return [row for row in wide for _ in range(scale)]


def png(code: Code, scale: int = SCALE) -> bytes:
    """A picture of one code."""
    rows = pixels(code, scale)
    # One bit a pixel, 1 light: greyscale. Equal rows are packed once.
    packed = b"".join((b"\0" + _bits(row)) * scale for row in rows[::scale])
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    return _PNG + b"".join(map(_chunk, chunks))


def gif(codes: Iterable[Code], delay: int, scale: int = SCALE) -> bytes:
    """An endless film of codes of one size.

    Args:
        codes: at least one.
        delay: hundredths of a second for each.
        scale: pixels a module.
    """
    frames = [pixels(code, scale) for code in codes]
    size = struct.pack("<HH", len(frames[0][0]), len(frames[0]))
    out = [b"GIF89a", size, b"\x80\0\0", _PALETTE]
    out.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")
    for frame in frames:
        out.append(b"\x21\xf9\x04\0" + struct.pack("<H", delay) + b"\0\0")
        out.append(b"\x2c\0\0\0\0" + size + b"\0" + bytes((_CODE_SIZE,)))
        data = _lzw(b"".join(frame))
        out += (bytes((len(block),)) + block for block in _blocks(data))
        out.append(b"\0")
    return b"".join((*out, b"\x3b"))


def svg(code: Code) -> str:
    """A drawing of one code, a unit a module."""
    rows = code.framed()
    runs = "".join(
        f"M{run.start()} {y}h{len(run[0])}v1h-{len(run[0])}z"
        for y, row in enumerate(rows)
        for run in _DARK.finditer(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{len(rows)}v{len(rows)}H0z"/>'
        f'<path d="{runs}"/></svg>\n'
    )


def page(codes: Sequence[Code], title: str, lines: Sequence[str]) -> str:
    """A page to print: every code with its number, and what they carry.

    Args:
        codes: in order.
        title: what stands above.
        lines: what stands below the title.
    """
    figures = "\n".join(
        f"<figure>{svg(code).strip()}<figcaption>{number} of {len(codes)}</figcaption></figure>"
        for number, code in enumerate(codes, 1)
    )
    about = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{html.escape(title)}</title>
<style>
body {{ font: 11pt monospace; margin: 1cm; background: #fff; color: #000 }}
figure {{ display: inline-block; width: 85mm; margin: 0 4mm 6mm 0; break-inside: avoid }}
figcaption {{ text-align: center }}
</style>
<h1>{html.escape(title)}</h1>
{about}
{figures}
</html>
"""


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    body = b"".join(chunk)
    return struct.pack(">I", len(chunk[1])) + body + struct.pack(">I", zlib.crc32(body))


def _bits(row: bytes) -> bytes:
    """A row of pixels as bits, light 1, padded to whole bytes."""
    text = row.translate(_INVERTED).decode()
    return int(text.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big")


_INVERTED: Final = b"10" + bytes(254)


def _blocks(data: bytes) -> list[bytes]:
    return [data[at : at + 255] for at in range(0, len(data), 255)]


def _lzw(data: bytes) -> bytes:
    """The pixels compressed. A string is known by its code and its next pixel."""
    out = bytearray()
    held, bits, width = _CLEAR, _CODE_SIZE + 1, _CODE_SIZE + 1  # it starts with a clear
    known: dict[int, int] = {}
    following = _FIRST
    prefix = data[0]
    for pixel in data[1:]:
        key = prefix << 1 | pixel
        code = known.get(key)
        if code is not None:
            prefix = code
            continue
        held |= prefix << bits
        bits += width
        prefix = pixel
        if following < _FULL:
            known[key] = following
            width = following.bit_length()
            following += 1
        else:
            held |= _CLEAR << bits
            bits += width
            known.clear()
            following, width = _FIRST, _CODE_SIZE + 1
        if bits >= 1 << 12:
            whole = bits // 8
            out += (held & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
            held >>= 8 * whole
            bits -= 8 * whole
    held |= prefix << bits
    bits += width
    held |= _END << bits
    bits += max(width, following.bit_length() if following < _FULL else width)
    return bytes(out) + held.to_bytes(-(-bits // 8), "little")
