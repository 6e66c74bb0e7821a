"""What lies on disk: atomic writes, hashes, results of trainings, metrics, timings, provenance."""
