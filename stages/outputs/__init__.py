"""Files of the stages: atomic writes, hashes, training results, metrics, timings, provenance."""
