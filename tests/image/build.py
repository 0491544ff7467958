"""Builds the image of docker/Dockerfile on a machine without a registry.

What the Dockerfile starts from is stood in for by an image of the same name,
made of Debian's packages and of this machine's Rust toolchain. Everything is
kept in a storage of its own, so that it is never taken for the real thing.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "docker" / "Dockerfile"

# What is slow to make stays for the next run.
CACHE = Path("/var/cache/benchmark-api-image-test")

NEEDED = ["buildah", "runc", "mmdebstrap", "nsenter", "wrk", "curl"]

# Debian keeps some of it off the path of users.
SEARCH_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def missing() -> str | None:
    """Why no image can be built here, if none can."""
    absent = [name for name in NEEDED if shutil.which(name, path=SEARCH_PATH) is None]
    if absent:
        return f"{', '.join(absent)} not found; tests/install installs them on Debian"
    if subprocess.call(as_root("true"), stderr=subprocess.DEVNULL) != 0:
        return "neither root nor sudo without a password"
    return None


def as_root(*command: object) -> list[str]:
    """The command as root runs it."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    return [*sudo, "env", f"PATH={SEARCH_PATH}", f"TMPDIR={CACHE}/tmp", *map(str, command)]


def root(*command: object) -> str:
    """What a command that root must run, and that must succeed, wrote to stdout."""
    return subprocess.check_output(as_root(*command), text=True).strip()


def buildah(*arguments: object) -> str:
    """What buildah says, in the storage of these tests."""
    storage = ["--root", CACHE / "storage", "--runroot", CACHE / "run"]
    return root("buildah", *storage, "--storage-driver", "overlay", *arguments)


@dataclass(frozen=True)
class Image:
    """An image that was built."""

    size: int
    """In bytes, not compressed."""
    config: dict
    """How it wants to be run, in Docker's words."""
    files: Path
    """Where its files are mounted."""


@contextmanager
def built() -> Iterator[Image]:
    """Builds the image as `docker build` would, with a profile that compiles sooner."""
    root("mkdir", "--parents", CACHE / "tmp")
    stand_in(base())
    # One of its own, so that others may test at the same time.
    tag = f"benchmark-api:{uuid4().hex}"
    arguments = ["PROFILE=quick", "VERSION=1.2.3", "REVISION=abc"]
    how = ["--quiet", "--format", "docker", "--isolation", "chroot", "--pull-never"]
    how += [word for argument in arguments for word in ("--build-arg", argument)]
    buildah("bud", *how, "--file", DOCKERFILE, "--tag", tag, REPOSITORY)
    described = json.loads(buildah("inspect", "--type", "image", tag))
    size = sum(layer["size"] for layer in json.loads(described["Manifest"])["layers"])
    container = buildah("from", "--pull-never", tag)
    try:
        files = Path(buildah("mount", container))
        yield Image(size, described["Docker"]["config"], files)
    finally:
        buildah("rm", container)
        buildah("rmi", tag)


def base() -> str:
    """The one image that the Dockerfile starts from."""
    names = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    [name] = [name for name in names if name != "scratch"]
    return name


def stand_in(name: str) -> None:
    """Makes an image under this name of what the Dockerfile needs of the real one."""
    version, suite = re.fullmatch(r"rust:([\d.]+)-slim-(\w+)", name).groups()
    rustc = subprocess.check_output(["rustc", "--version"], cwd=REPOSITORY, text=True)
    assert version in rustc.split(), f"{DOCKERFILE} has {version}, rust-toolchain.toml {rustc}"
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], cwd=REPOSITORY, text=True)
    toolchain = Path(sysroot.strip())

    recipe = hashlib.sha256(Path(__file__).read_bytes() + name.encode()).hexdigest()
    made = json.loads(buildah("images", "--json", "--filter", f"label=recipe={recipe}"))
    if made:
        return
    tar = CACHE / "tmp" / f"{uuid4().hex}.tar"
    packages = "ca-certificates,gcc,libc6-dev"
    root("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", suite, tar)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, tar, "/")
    root("rm", tar)
    programs = [toolchain / "bin" / name for name in ("cargo", "rustc")]
    buildah("copy", "--quiet", container, *programs, "/usr/local/bin/")
    buildah("copy", "--quiet", container, toolchain / "lib", "/usr/local/lib/")
    # Crates come from wherever this machine gets them, so it trusts the same.
    buildah("copy", "--quiet", container, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/")
    path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = ["--env", f"PATH={path}", "--env", "CARGO_HOME=/usr/local/cargo"]
    buildah("config", *environment, "--label", f"recipe={recipe}", container)
    buildah("commit", "--quiet", "--rm", container, f"localhost/{name}")
    # The one before it has lost its name.
    buildah("rmi", "--prune", "--force")
