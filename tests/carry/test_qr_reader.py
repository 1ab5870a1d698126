"""The decoder's own process: pictures, films, its limits, and its end."""

import os
import struct
import subprocess
import sys
import time
import zlib
from fractions import Fraction
from pathlib import Path

import pytest
from carry_samples import binary

from signer.carry import bbqr, picture, qr, qr_decoder, qr_reader
from signer.carry.qr_reader import ReaderFailed, read_camera, read_file
from signer.carry.series import MAX_CODE, Session
from signer.core.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Write a film of a series, and return it with its payload."""
    path = tmp_path_factory.mktemp("film") / "codes.gif"
    codes = bbqr.split(binary(900), qr.capacity(6))
    path.write_bytes(picture.gif((qr.draw(code, 6) for code in codes), 25))
    return path, codes


def codes_in(path):
    """Read a file and leave out the ends of frames."""
    return [code.decode() for code in read_file(path) if code]


def test_a_film_is_read(film):
    """Every code of a film comes, in order, with an end of frame after each."""
    path, codes = film
    assert codes_in(path) == list(codes)
    assert list(read_file(path)) == [x for code in codes for x in (code.encode(), b"")]


def test_one_may_stop_in_the_middle(film, monkeypatch):
    """Who has enough leaves; no process stays behind."""
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(qr_reader.subprocess, "Popen", Noted)
    path, codes = film
    reading = read_file(path)
    assert next(reading) == codes[0].encode()
    reading.close()
    assert [process.returncode is not None for process in started] == [True]


def test_several_codes_on_one_page(tmp_path):
    """A photograph of a printed page has many codes in one frame."""
    codes = bbqr.split(binary(300), qr.capacity(4))
    rows = [b"".join(parts) for parts in zip(*(picture.pixels(qr.draw(c, 4)) for c in codes))]  # noqa: B905 -- codes of one size
    height, width = len(rows), len(rows[0])
    body = b"".join(row.translate(bytes((255, 0)) + bytes(254)) for row in rows)
    path = tmp_path / "page.pgm"
    path.write_bytes(f"P5\n{width} {height}\n255\n".encode() + body)
    assert sorted(codes_in(path)) == sorted(codes)


def test_a_video_is_read(film, tmp_path):
    """A compressed film, as a phone makes one, is read."""
    import av

    path, codes = film
    video = tmp_path / "codes.mp4"
    with av.open(str(path)) as source, av.open(str(video), "w") as target:
        stream = target.add_stream("mpeg4", rate=5)
        size = source.streams.video[0].width & ~1  # even sides, as the codec wants them
        stream.width, stream.height, stream.bit_rate = size, size, 4_000_000
        for number, frame in enumerate(source.decode(video=0)):
            shot = frame.reformat(size, size, "yuv420p")
            shot.pts, shot.time_base = number, Fraction(1, 5)
            shot.pict_type = 0  # the codec chooses
            target.mux(stream.encode(shot))
        target.mux(stream.encode())
    session = Session()
    for code in read_file(video):
        if code:
            session.receive(code)
    assert session.payload() == binary(900)
    assert session.progress.need == len(codes)


def png(width, height):
    """Write a picture of that size, all white, which packs a thousand to one."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * (width // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


BAD_PICTURES = {
    "a text": b"this is no picture\n" * 20,
    "one byte": b"\x89",
    "a cut png": png(100, 100)[:60],
    "a bomb": png(40_000, 40_000),
    "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "a list of files": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
    "an svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_what_is_no_picture_is_an_error_message(name, tmp_path):
    """Garbage, bombs, and lists that would open other files."""
    path = tmp_path / "picture"
    path.write_bytes(BAD_PICTURES[name])
    with pytest.raises(ReaderFailed, match="not a picture"):
        list(read_file(path))


def test_a_white_picture_has_no_codes(tmp_path):
    """A picture without codes is read to its end."""
    path = tmp_path / "white.png"
    path.write_bytes(png(800, 800))
    assert list(read_file(path)) == [b""]


@pytest.mark.parametrize(("name", "why"), [("missing.png", "no such file"), ("", "directory")])
def test_what_cannot_be_opened_says_so(name, why, tmp_path):
    """A missing file and a folder are the officer's to mend."""
    with pytest.raises(BadInput, match="cannot be read") as problem:
        list(read_file(tmp_path / name))
    assert why in problem.value.found


def test_a_film_has_a_size(film, monkeypatch):
    """A file beyond the limit is not opened by the decoder."""
    monkeypatch.setattr(qr_reader, "MAX_FILE", 100)
    with pytest.raises(BadInput, match="too large a film"):
        list(read_file(film[0]))


def test_no_camera_is_an_error_message():
    """A camera that is not there."""
    with pytest.raises(ReaderFailed, match="not a picture, film or camera"):
        list(read_camera("/dev/no-such-camera"))


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Let another program play the decoder."""

    def play(source):
        program = tmp_path / "decoder.py"
        program.write_text(f"import os, sys, time\nsay = sys.stdout.buffer.write\n{source}\n")
        monkeypatch.setattr(qr_reader, "_PROGRAM", program)
        return read_camera("stand-in")

    return play


def record(text):
    """Write what the decoder says of a code, as source."""
    return f"say({len(text).to_bytes(4, 'big') + text!r}); sys.stdout.flush()"


def test_a_crash_is_a_message_and_no_loss(stand_in):
    """The decoder dies in the middle: what it had told is kept, and the rest is an error."""
    reading = stand_in(f"{record(b'ONE')}\n{record(b'TWO')}\nos.kill(os.getpid(), 11)")
    assert (next(reading), next(reading)) == (b"ONE", b"TWO")
    with pytest.raises(ReaderFailed, match="crashed") as problem:
        next(reading)
    assert problem.value.found == "exit code -11"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("sys.exit(12)", "too large a picture"),
        ("sys.exit(11)", "not a picture"),
        ("sys.exit(10)", "not installed"),
        ("sys.exit(3)", "crashed"),
        (
            f"say(({MAX_CODE + 1}).to_bytes(4, 'big')); sys.stdout.flush(); time.sleep(60)",
            "nonsense",
        ),
        ("say(b'\\xff' * 100)", "nonsense"),
        ("time.sleep(60)", "took too long"),
        ("sys.stdout.close(); os.close(1); time.sleep(60)", "does not end"),
        ("while True: say(bytes(4))", "took too long"),
    ],
)
def test_the_decoder_is_not_believed(stand_in, monkeypatch, source, why):
    """Each way to end, to lie, to hang, and to talk for ever, is an error message in time."""
    monkeypatch.setattr(qr_reader, "SILENCE", 1.0)
    monkeypatch.setattr(qr_reader, "LONGEST", 2.0)
    started = time.monotonic()
    with pytest.raises(BadInput, match=why):
        list(stand_in(source))
    assert time.monotonic() - started < 40  # of the 60 or more that it would take


def test_without_the_libraries_one_learns_what_to_install(stand_in):
    """The extra is named."""
    with pytest.raises(BadInput) as problem:
        list(stand_in("sys.exit(10)"))
    assert "coldquorum[camera]" in problem.value.hint


def test_the_decoder_is_alone(stand_in):
    """It sees none of our environment, and none of the folders that this process imports from."""
    os.environ["COLDQUORUM_TEST_MARK"] = "visible"
    try:
        seen = list(
            stand_in(
                "t = repr((sorted(os.environ), sys.path)).encode()\n"
                "say(len(t).to_bytes(4, 'big') + t)"
            )
        )
    finally:
        del os.environ["COLDQUORUM_TEST_MARK"]
    assert b"COLDQUORUM" not in seen[0]
    assert str(ROOT / "tests") in str(sys.path)
    assert str(ROOT / "tests").encode() not in seen[0]


def test_the_decoder_imports_nothing_of_ours():
    """Its file stands on its own."""
    source = Path(qr_decoder.__file__).read_text()
    assert "import signer" not in source
    assert "from signer" not in source


LOAD = (
    "import importlib.util, sys\n"
    f"spec = importlib.util.spec_from_file_location('d', {qr_decoder.__file__!r})\n"
    "decoder = importlib.util.module_from_spec(spec); spec.loader.exec_module(decoder)\n"
)


def test_a_camera_is_read(tmp_path, film):
    """FFmpeg's own source of pictures plays the camera."""
    path, codes = film
    program = tmp_path / "camera.py"
    program.write_text(
        f"{LOAD}decoder._CAMERAS = {{sys.platform: 'lavfi'}}\n"
        f"sys.exit(decoder.main(['camera', 'movie={path}']))\n"
    )
    out = subprocess.run([sys.executable, program], capture_output=True, check=True).stdout
    assert out == b"".join(
        len(code).to_bytes(4, "big") + code.encode() + bytes(4) for code in codes
    )


def test_the_decoder_opens_nothing_once_it_reads(tmp_path, film):
    """After the source is open, neither a file nor a socket can be."""
    program = tmp_path / "probe.py"
    program.write_text(
        f"{LOAD}import av, socket\n"
        "source = decoder._open(av, ['file'])\n"
        "for attempt in (lambda: open('/etc/hostname'), socket.socket):\n"
        "    try: attempt(); print('open')\n"
        "    except OSError as error: print(error.errno)\n"
    )
    with film[0].open("rb") as file:
        out = subprocess.run(
            [sys.executable, program], stdin=file, capture_output=True, text=True, check=True
        ).stdout
    assert out.split() == ["24", "24"]  # EMFILE
