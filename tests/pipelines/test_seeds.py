"""Seeds of parts are derived from one seed and differ by name."""

from pipelines.seeds import derive_seed


def test_a_seed_depends_on_the_seed_and_on_the_name_alone():
    seeds = {derive_seed(seed, name) for seed in range(20) for name in ("one", "two")}
    assert len(seeds) == 40
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert derive_seed(42, "figures-train@default") == 919_356_253  # earlier results rest on it
