"""Benchmarks: `python -m benchmarks.NAME`. Each runs on one thread and measures CPU time."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and PyTorch start their threads
