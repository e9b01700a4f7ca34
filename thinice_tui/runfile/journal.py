"""How SQLite keeps a run file whole: by write-ahead log on a disk of this machine, else by rollback journal.

The log (WAL) lets views read while the engine writes, through memory that they share: views on another machine would
read nonsense (https://sqlite.org/wal.html, "All processes using a database must be on the same host computer").
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Literal

Journal = Literal["wal", "delete"]
# fmt: off
SHARED = frozenset({
    "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre",
    "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb", "smb2", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs", "wekafs", "webdav",
})
# fmt: on
"""File systems that other machines, or the host of a virtual one, can have mounted, too; and whatever begins with
`fuse.` (sshfs, GlusterFS, rclone, …)."""


def choose_journal(connection: sqlite3.Connection, path: Path) -> Journal:
    """Set the journal of the run file `path` and return it; raises sqlite3.Error where neither can be had."""
    if not is_shared(file_system(path.parent)):
        with suppress(sqlite3.OperationalError):  # no shared memory, or a reader is in the way: the other one will do
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode == "wal":
                connection.execute("PRAGMA synchronous = NORMAL")
                return "wal"
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    return "delete"


def is_shared(kind: str) -> bool:
    """Whether other machines can write to a file system of that kind, as far as its name tells."""
    return kind in SHARED or kind.startswith("fuse.")


def file_system(folder: Path) -> str:
    """The kind of file system that `folder` is on, as the system calls it; empty where it does not say."""
    import psutil  # where it is used: a view appears without waiting for it

    place = folder.resolve()
    try:
        mounted = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    holding = [part for part in mounted if place.is_relative_to(part.mountpoint)]
    # Of two on the same point the later one hides the other; `max` takes the first of equals.
    return max(reversed(holding), key=lambda part: len(part.mountpoint)).fstype.lower() if holding else ""
