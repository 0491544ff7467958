"""What the image holds, and what it says of itself."""

from pathlib import Path

from build import Image, root
from container import GIVEN


def test_it_is_smaller_than_60_mib(image: Image):
    assert image.size < 60 << 20, f"{image.size / (1 << 20):.1f} MiB"


def test_it_holds_the_program_its_libraries_and_the_authorities_alone(image: Image):
    found = set(root("find", image.files, "-not", "-type", "d", "-printf", "%P\n").splitlines())
    libraries = {name for name in found if name.startswith("lib") and ".so" in Path(name).name}
    expected = {"usr/local/bin/benchmark-api", "etc/ssl/certs/ca-certificates.crt"}
    # Containers of other tests are given files, for which runc makes a place.
    assert found - libraries - {f"etc/{name}" for name in GIVEN} == expected
    assert {Path(name).name for name in libraries} >= {"libc.so.6", "libgcc_s.so.1"}


def test_authorities_are_found_where_tls_looks_for_them(image: Image):
    bundle = image.files / "etc/ssl/certs/ca-certificates.crt"
    assert int(root("grep", "--count", "BEGIN CERTIFICATE", bundle)) > 50


def test_it_says_what_it_is(image: Image):
    labels = image.config["Labels"]
    said = {name: labels[f"org.opencontainers.image.{name}"] for name in ("title", "licenses")}
    assert said == {"title": "benchmark-api", "licenses": "MIT"}
    assert labels["org.opencontainers.image.version"] == "1.2.3"
    assert labels["org.opencontainers.image.revision"] == "abc"


def test_it_runs_as_a_user_without_rights_and_keeps_data_on_a_volume(image: Image):
    assert image.config["User"] == "10001:10001"
    assert list(image.config["Volumes"]) == ["/data"]
    assert root("stat", "--format=%u:%g", image.files / "data") == "10001:10001"
