"""Ray, started for one run: on this machine alone, known by a secret, and gone afterwards."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from thinice_tui.engine.cluster.ray_cluster import FOLDER, LOCAL, SECRET, RayCluster, folder_prefix
from thinice_tui.errors import CodeError, WorkerError

SCRIPT = """
import json, os, signal, sys
import psutil
from thinice_tui.engine.cluster.ray_cluster import RayCluster

class Worker:
    def value(self, number):
        print("a stranger prints")
        return number + 1, os.environ["OMP_NUM_THREADS"]

handler = signal.signal(signal.SIGTERM, lambda *_: None)
mine = signal.getsignal(signal.SIGTERM)
cluster = RayCluster(None, 1)
actor = cluster.start(Worker, 0, {"OMP_NUM_THREADS": "1"})
found = cluster.ray.get(actor.value.options(concurrency_group="compute").remote(1))
here = psutil.Process()
listening = [
    one.laddr.ip
    for process in (here, *here.children(recursive=True))
    for one in process.net_connections("inet")
    if one.status == psutil.CONN_LISTEN
]
children = [child.pid for child in here.children(recursive=True)]
folder = str(cluster._folder)
cluster.close()
print(json.dumps({"found": found, "listening": listening, "children": children, "folder": folder,
    "statistics": os.environ["RAY_USAGE_STATS_ENABLED"], "kept": signal.getsignal(signal.SIGTERM) is mine}))
"""


def test_it_listens_on_loopback_alone_and_leaves_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"] == [2, "1"] and "stranger" not in done.stdout + done.stderr
    assert told["listening"] and {ip.removeprefix("::ffff:") for ip in told["listening"]} == {"127.0.0.1"}
    assert told["statistics"] == "0" and told["kept"], "Ray's handler of signals is not left in place"
    _, alive = psutil.wait_procs(
        [psutil.Process(pid) for pid in told["children"] if psutil.pid_exists(pid)], timeout=10
    )
    assert not alive
    assert not Path(told["folder"]).exists()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.engine.cluster.ray_cluster.find_spec", lambda _: None)
    with pytest.raises(CodeError) as caught:
        RayCluster(None, 1)
    assert "-e '.[ray]'" in caught.value.do


def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(WorkerError, match=rf"--ray {address}: cannot be reached .ConnectionRefusedError"):
        RayCluster(address, 0)
    assert time.monotonic() - began < 20, "Ray itself tries for a quarter of an hour"

    def fail(**_: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr("ray.init", fail)
    with pytest.raises(WorkerError, match=r"--ray auto: cannot be reached .ConnectionError: nobody answers"):
        RayCluster("auto", 0)


@pytest.mark.parametrize("ending", [SystemExit(15), KeyboardInterrupt()])
def test_an_interrupted_start_leaves_nothing(
    ending: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ray's own handler makes a SystemExit of SIGTERM."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def interrupted(**_: object) -> None:
        assert len(list(tmp_path.iterdir())) == 1
        raise ending

    monkeypatch.setattr("ray.init", interrupted)
    with pytest.raises(KeyboardInterrupt):
        RayCluster(None, 1)
    assert not list(tmp_path.iterdir())


def test_folders_of_processes_that_were_killed_go_with_the_next_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours, kept = folder_prefix(), [f"{folder_prefix()}{os.getpid()}-abc", f"{FOLDER}0-{ended.pid}-abc", "other"]
    for name in (f"{ours}{ended.pid}-abc", f"{ours}mine", *kept):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("ray.init", lambda **_: None)
    RayCluster(None, 1).close()
    assert {path.name for path in tmp_path.iterdir()} == {f"{ours}mine", *kept}, "another host's are left alone"


def test_what_the_environment_says_of_statistics_and_secrets_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOCAL | SECRET:
        monkeypatch.setenv(name, "1" if name in LOCAL else "disabled")
    monkeypatch.setattr("ray.init", lambda **_: None)
    RayCluster(None, 1).close()
    assert {name: os.environ[name] for name in LOCAL | SECRET} == LOCAL | SECRET
