"""Initramfs archives: cpio, "newc" (Linux, early-userspace/buffer-format.rst)."""

import stat
from pathlib import Path

_MAGIC = b"070701"
_END = "TRAILER!!!"


class Archive:
    """An archive in the making; folders appear as they are needed.

    Paths are absolute inside the archive. Everything belongs to root. Copies keep their time, by
    which Python knows whether what it compiled is of this source.
    """

    def __init__(self):
        self._parts = []
        self._names = set()

    def folder(self, name):
        """Add a folder, and those that it lies in."""
        for path in (*reversed(Path(name).parents), Path(name)):
            self._add(str(path), stat.S_IFDIR | 0o755, b"")

    def file(self, name, data, *, mode=0o644, time=0):
        """Add a file; the first of a name stays."""
        self.folder(Path(name).parent)
        self._add(str(name), stat.S_IFREG | mode, data, time=time)

    def copy(self, source, name):
        """Add a file of this machine, links followed, under a name of its own."""
        state = Path(source).stat()
        mode, time = state.st_mode & 0o755, int(state.st_mtime)
        self.file(name, Path(source).read_bytes(), mode=mode, time=time)

    def device(self, name, major, minor):
        """Add a character device."""
        self.folder(Path(name).parent)
        self._add(str(name), stat.S_IFCHR | 0o600, b"", device=(major, minor))

    def to_bytes(self):
        """The whole archive."""
        return b"".join((*self._parts, self._entry(_END, 0, b"")))

    def _add(self, name, mode, data, **options):
        name = name.lstrip("/")
        if name and name not in self._names:
            self._names.add(name)
            self._parts.append(self._entry(name, mode, data, **options))

    def _entry(self, name, mode, data, *, time=0, device=(0, 0)):
        # inode, mode, uid, gid, links, time, size, device of the file, its own device, name, check
        raw = name.encode() + b"\0"
        fields = (len(self._names), mode, 0, 0, 1, time, len(data), 0, 0, *device, len(raw), 0)
        head = _MAGIC + b"".join(b"%08X" % field for field in fields) + raw
        return _padded(head) + _padded(data)


def _padded(data):
    return data + bytes(-len(data) % 4)
