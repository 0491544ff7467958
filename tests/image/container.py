"""Runs the image as a careful host would: with no more than it can do with."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from build import CACHE, Image, as_root, root

KEY = "image-test-key-0123456789"
MEMORY = 64 << 20

# What engines put into /etc.
GIVEN = ["hosts", "resolv.conf"]


class Container:
    """The service, alone on a network of its own, which nothing outside reaches.

    Its root is read-only, /data is a volume, it has no capability and cannot gain
    one, and it gets MEMORY bytes of memory.
    """

    def __init__(self, image: Image, folder: Path, volume: Path, environment: dict[str, str]):
        self.image = image
        self.folder = folder
        self.id = f"benchmark-api-{uuid4().hex}"
        if not volume.exists():
            # As engines do it: a volume begins as the folder in the image is.
            root("cp", "--archive", image.files / "data", volume)
        folder.mkdir()
        (folder / "hosts").write_text("127.0.0.1 localhost by-hosts.test\n")
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (folder / "config.json").write_text(json.dumps(self.specification(volume, environment)))
        run = ["run", "--bundle", folder, "--pid-file", folder / "pid", self.id]
        words = as_root("runc", "--root", CACHE / "runc", *run)
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def specification(self, volume: Path, environment: dict[str, str]) -> dict:
        """What the image says of itself and what the host grants, as runc takes it."""
        config = self.image.config
        environment = {"API_KEY": KEY, "SHUTDOWN_DRAIN": "0.5"} | environment
        user, group = map(int, config["User"].split(":"))
        return {
            "ociVersion": "1.0.2",
            "process": {
                "args": config["Entrypoint"] + config["Cmd"],
                "cwd": config["WorkingDir"] or "/",
                "env": config["Env"] + [f"{name}={value}" for name, value in environment.items()],
                "user": {"uid": user, "gid": group},
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.image.files), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
                bound("/data", volume, "rw"),
                *(bound(f"/etc/{name}", self.folder / name, "ro") for name in GIVEN),
            ],
            "linux": {
                "cgroupsPath": f"/{self.id}",
                "namespaces": [
                    {"type": kind} for kind in ("pid", "mount", "network", "ipc", "uts", "cgroup")
                ],
                "resources": {"memory": {"limit": MEMORY, "swap": MEMORY}},
            },
        }

    def runc(self, command: str, *arguments: object) -> str:
        """One of runc's commands on this container."""
        return root("runc", "--root", CACHE / "runc", command, *arguments)

    def execute(self, *command: str, **environment: str) -> str:
        """What a further program, run beside the service, prints."""
        changed = [f"--env={name}={value}" for name, value in environment.items()]
        return self.runc("exec", *changed, self.id, *command)

    def is_healthy(self) -> bool:
        """Whether the image's own check says so."""
        if not (self.folder / "pid").exists():
            return False
        kind, *command = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD", "a check by a shell, of which there is none"
        try:
            return self.execute(*command) == "ready"
        except subprocess.CalledProcessError:
            return False

    def pid(self) -> int:
        """The service's process, as the host sees it."""
        return int((self.folder / "pid").read_text())

    def beside(self, *command: object) -> list[str]:
        """The command of a program of the host on the container's network."""
        return as_root("nsenter", f"--net=/proc/{self.pid()}/ns/net", *command)

    def ask(self, path: str, *options: str) -> dict:
        """The JSON answer of the service, which must not be an error."""
        url = f"http://127.0.0.1:8000{path}"
        quietly = ["--silent", "--show-error", "--fail-with-body", "--max-time", "10"]
        curl = ["curl", *quietly, "--header", f"X-API-Key: {KEY}", *options, url]
        return json.loads(subprocess.check_output(self.beside(*curl)))

    def post_run(self, llm: str, samples: list[float]) -> None:
        """Records a run."""
        run = {
            "llm_name": llm,
            "started_at": "2026-01-31T12:00:00Z",
            "requests": {"attempted": len(samples), "failed": 0},
            "metrics": {"TTFT": {"samples": samples}},
        }
        self.ask("/api/v1/runs", "--json", json.dumps(run))

    def stop(self) -> int:
        """Ends the service as engines do and gives its exit code."""
        self.runc("kill", self.id, "TERM")
        return self.process.wait(timeout=10)

    def remove(self) -> None:
        """Leaves nothing of the container running."""
        if self.process.poll() is None:
            self.runc("delete", "--force", self.id)
            self.process.wait(timeout=10)

    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "log").read_text()

    def wait_until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Waits for something, as long as the service runs and 30 seconds at most."""
        patience = time.monotonic() + 30
        while not is_so():
            assert self.process.poll() is None, f"it has ended: {self.log()}"
            assert time.monotonic() < patience, f"not within 30 s: {what}: {self.log()}"
            time.sleep(0.05)


def bound(destination: str, source: Path, how: str) -> dict:
    """A folder or file of the host in the container."""
    options = ["bind", how, "nosuid", "nodev", "noexec"]
    return {"destination": destination, "type": "bind", "source": str(source), "options": options}
