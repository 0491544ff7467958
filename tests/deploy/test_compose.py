"""docker/compose.yml beyond what its schema can tell."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
FILE = REPOSITORY / "docker" / "compose.yml"
TEXT = FILE.read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OURS = ["benchmark-api", "migrate"]


def keys(file: Path) -> set[str]:
    """What a file of `KEY=VALUE` lines sets."""
    return set(re.findall(r"^([A-Z_]+)=", file.read_text(), re.MULTILINE))


def test_every_image_that_is_pulled_has_a_version():
    for name, service in SERVICES.items():
        if name not in OURS:
            assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]


def test_every_folder_that_is_mounted_is_there():
    sources = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
    ]
    for source in sources:
        if source in COMPOSE["volumes"]:
            continue
        assert (FILE.parent / source).is_dir(), source


def test_nothing_is_published_but_on_the_loopback():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports), ports


def test_passwords_have_no_default_and_are_all_made(tmp_path: Path):
    secret = re.compile(r"\$\{(\w*(?:PASSWORD|KEY))\b([^}]*)\}")
    wanted = {name: rest for name, rest in secret.findall(TEXT) if name != "RATE_LIMIT_PER_KEY"}
    assert all(rest.startswith(":?") for rest in wanted.values()), wanted

    script = tmp_path / "make-env"
    script.write_bytes((REPOSITORY / "docker" / "make-env").read_bytes())
    subprocess.run(["bash", script], check=True)
    made = (tmp_path / ".env").read_text()
    assert keys(tmp_path / ".env") == set(wanted)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    subprocess.run(["bash", script], check=True)
    assert (tmp_path / ".env").read_text() == made, "a second call changes nothing"


def test_the_service_knows_every_key_that_it_is_given():
    known = keys(REPOSITORY / ".env.sample")
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known


def test_who_is_waited_for_says_when_it_is_healthy():
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                # The image of the service has a check of its own.
                assert other in OURS or "test" in SERVICES[other]["healthcheck"], (name, other)


def test_the_service_starts_whether_or_not_redis_does():
    redis = SERVICES["benchmark-api"]["depends_on"]["redis"]
    assert redis == {"condition": "service_started", "required": False}


@pytest.fixture
def redis(tmp_path: Path):
    """Redis as the file starts it, on a socket instead of a port."""
    password = "redis-password-of-this-test"
    [shell, option, script] = SERVICES["redis"]["command"]
    script = script.replace("$$", "$")
    socket = tmp_path / "redis.sock"
    script = script.replace("redis-server - ", f"redis-server - --port 0 --unixsocket {socket} ")
    environment = {**os.environ, "REDIS_PASSWORD": password}
    server = subprocess.Popen(
        [shell, option, script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    for line in server.stdout:
        if "eady to accept" in line or "now ready" in line:
            break
    yield socket, environment, server
    server.kill()
    server.wait()


def test_redis_starts_with_its_password_and_without_showing_it(redis):
    socket, environment, server = redis
    [kind, check] = SERVICES["redis"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = check.replace("$$", "$").replace("redis-cli", f"redis-cli -s {socket}")
    subprocess.run(["sh", "-c", check], env=environment, check=True)
    wrong = {**environment, "REDIS_PASSWORD": "wrong"}
    assert subprocess.call(["sh", "-c", check], env=wrong, stderr=subprocess.DEVNULL) != 0
    arguments = Path(f"/proc/{server.pid}/cmdline").read_text()
    assert environment["REDIS_PASSWORD"] not in arguments
