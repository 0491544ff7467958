"""The image run with a read-only root, no capability, and 64 MiB of memory."""

import json
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from container import KEY, MEMORY, Container

Start = Callable[..., Container]

PROGRAM = "benchmark-api"
RANKING = "/api/v1/benchmark/TTFT"


def load(container: Container, connections: int, seconds: int) -> str:
    """Asks for a ranking for so long, and tells how that went."""
    wrk = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    url = f"http://127.0.0.1:8000{RANKING}"
    command = container.beside(*wrk, "--latency", f"--header=X-API-Key: {KEY}", url)
    return subprocess.check_output(command, text=True)


def requests_in_flight(container: Container) -> float:
    """How many requests are being answered, the question itself included."""
    curl = container.beside("curl", "--silent", "http://127.0.0.1:8000/metrics")
    metrics = subprocess.check_output(curl, text=True)
    return float(re.search(r"^benchmark_http_requests_in_flight (\S+)$", metrics, re.MULTILINE)[1])


def test_it_is_healthy_and_has_no_rights(start: Start):
    container = start()
    status = Path(f"/proc/{container.pid()}/status").read_text()
    said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert said["Uid"].split() == ["10001"] * 4
    assert said["NoNewPrivs"] == "1"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(said[kind], 16) == 0, kind


def test_a_service_that_is_not_ready_is_unhealthy(start: Start):
    # While it drains, it still answers, but says that it is not ready.
    container = start(SHUTDOWN_DRAIN="60")
    container.runc("kill", container.id, "TERM")
    container.wait_until("it is unhealthy", lambda: not container.is_healthy())


def test_names_are_looked_up_in_the_hosts_file_and_asked_of_the_name_server(start: Start):
    container = start()
    command = container.beside("python3", Path(__file__).with_name("name_server.py"))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as name_server:
        assert name_server.stdout.readline() == b"ready\n"
        for name in ("by-hosts.test", "by-dns.test"):
            assert container.execute(PROGRAM, "healthcheck", HOST=name) == "ready"
        with pytest.raises(subprocess.CalledProcessError):
            container.execute(PROGRAM, "healthcheck", HOST="nobody.test")


def test_commands_work_beside_the_service(start: Start):
    container = start()
    owner = ["--owner", "router", "--scope", "read"]
    assert "bmk_" in container.execute(PROGRAM, "keys", "create", *owner)
    assert "router" in container.execute(PROGRAM, "keys", "list")


def test_a_run_survives_a_restart_and_a_kill(start: Start):
    container = start()
    container.post_run("stopped", [0.2, 0.3])
    assert container.stop() == 0
    container = start()
    container.post_run("killed", [0.4, 0.5])
    container.runc("kill", container.id, "KILL")
    container.process.wait(timeout=10)
    ranked = [entry["llm_name"] for entry in start().ask(RANKING)["data"]]
    assert ranked == ["stopped", "killed"]


def test_64_mib_are_enough_under_load(start: Start):
    container = start()
    samples = [0.2 + number / 10_000 for number in range(1_000)]
    container.post_run("llm-0", samples)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(load, container, connections=64, seconds=10)
        # Each makes the ranking another one while it is read.
        for number in range(1, 100):
            container.post_run(f"llm-{number}", samples)
    report = reading.result()
    print(report)
    assert "Non-2xx" not in report and "Socket errors" not in report, report
    assert int(re.search(r"(\d+) requests in", report)[1]) > 1_000, report

    used = json.loads(container.runc("events", "--stats", container.id))["data"]["memory"]
    print(f"{used['raw'].get('total_rss', used['raw'].get('anon')) / (1 << 20):.1f} MiB of its own")
    assert used["usage"]["limit"] == MEMORY
    assert len(container.ask(f"{RANKING}?limit=100")["data"]) == 100
    assert container.stop() == 0


def test_it_stops_by_itself_while_it_is_busy(start: Start):
    container = start()
    container.post_run("busy", [0.2, 0.3])
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(load, container, connections=16, seconds=2)
        container.wait_until("it is busy", lambda: requests_in_flight(container) > 1)
        assert container.stop() == 0
    assert "Non-2xx" not in reading.result()
