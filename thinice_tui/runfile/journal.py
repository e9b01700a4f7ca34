"""How SQLite keeps a run file whole: a write-ahead log on a disk of this machine, else a rollback journal.

The log (WAL) lets views read while the engine writes. All of them share memory, so they must run on one machine
(https://sqlite.org/wal.html: "All processes using a database must be on the same host computer").
"""

import sqlite3
import time
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
"""File systems that other machines, or the host of a virtual machine, may have mounted, too. Those whose name begins
with `fuse.` (sshfs, GlusterFS, rclone, …) count as well."""
LEAVE_WAL_TRIES = 20
"""A tenth of a second each."""


def choose_journal(connection: sqlite3.Connection, path: Path) -> Journal:
    """Set the journal of the run file `path` and return it; raises sqlite3.Error where neither can be set."""
    if not is_shared(file_system(path.parent)):
        with suppress(sqlite3.OperationalError):  # no shared memory, or a reader holds the file
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode == "wal":
                connection.execute("PRAGMA synchronous = NORMAL")
                return "wal"
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    return "delete"


def leave_wal(connection: sqlite3.Connection) -> None:
    """Fold the log into the one file, which can then be copied, and read from a read-only folder.

    A view that is reading delays this. Where one reads for long, the file stays in WAL mode.
    """
    for _ in range(LEAVE_WAL_TRIES):
        with suppress(sqlite3.Error):
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "wal":
                return
        time.sleep(0.1)


def is_shared(kind: str) -> bool:
    """Whether other machines may write to a file system of that kind, judged by its name."""
    return kind in SHARED or kind.startswith("fuse.")


def file_system(folder: Path) -> str:
    """The kind of file system of `folder`, such as ext4; empty where the system does not tell."""
    import psutil  # imported here: a view appears before it has loaded

    place = folder.resolve()
    try:
        mounted = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    holding = [part for part in mounted if place.is_relative_to(part.mountpoint)]
    # Of two on the same point the later one hides the other; `max` takes the first of equals.
    return max(reversed(holding), key=lambda part: len(part.mountpoint)).fstype.lower() if holding else ""
