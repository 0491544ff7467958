"""What the tests of the image share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from build import Image, built, missing, root
from container import Container


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """The image, built from what the repository holds now."""
    if why := missing():
        pytest.skip(f"THE IMAGE IS NOT TESTED: {why}")
    with built() as image:
        yield image


@pytest.fixture
def start(image: Image, tmp_path: Path) -> Iterator[Callable[..., Container]]:
    """Starts containers that follow one another on one volume."""
    containers: list[Container] = []

    def start(**environment: str) -> Container:
        folder = tmp_path / str(len(containers))
        container = Container(image, folder, tmp_path / "data", environment)
        containers.append(container)
        container.wait_until("it is healthy", container.is_healthy)
        return container

    yield start
    for container in containers:
        container.remove()
    # Not all of it is ours to remove.
    root("rm", "--recursive", "--force", tmp_path)
