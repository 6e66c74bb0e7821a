"""What must never run."""

import os
from pathlib import Path


class Malicious:
    """Makes a folder, the trace of having run, as soon as it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)
