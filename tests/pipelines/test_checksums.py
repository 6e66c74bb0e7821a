"""Whatever changes in a folder after its checksums were written is noticed, and named."""

import shutil
import subprocess

import pytest

from pipelines.checksums import check_checksums, write_checksums


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)))
    (tmp_path / "inner" / "model.json").write_text('{"width": 3}\n')
    write_checksums(tmp_path)
    return tmp_path


def test_an_unchanged_folder_passes_and_is_written_the_same_again(folder):
    check_checksums(folder)
    before = (folder / "SHA256SUMS").read_bytes()
    write_checksums(folder)
    assert (folder / "SHA256SUMS").read_bytes() == before


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="there is no sha256sum here")
def test_the_sums_are_those_that_sha256sum_understands(folder):
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert checked.stdout == "inner/model.json: OK\nweights.bin: OK\n"


def test_every_byte_of_every_file_counts(folder):
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for position in range(len(whole)):
            for bit in (0, 5, 7):
                damaged = bytearray(whole)
                damaged[position] ^= 1 << bit
                path.write_bytes(damaged)
                with pytest.raises(ValueError, match=r"SHA256SUMS|is not what was saved") as caught:
                    check_checksums(folder)
                assert len(str(caught.value).splitlines()) == 1
        path.write_bytes(whole)
    check_checksums(folder)


def test_a_changed_an_added_and_a_missing_file_are_named(folder):
    (folder / "weights.bin").write_bytes(bytes(256))
    with pytest.raises(ValueError, match=r"^weights\.bin is not what was saved"):
        check_checksums(folder)
    (folder / "weights.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"weights\.bin"):
        check_checksums(folder)
    (folder / "inner" / "extra.bin").touch()
    with pytest.raises(ValueError, match=r"^inner/extra\.bin is not in SHA256SUMS"):
        check_checksums(folder)
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(FileNotFoundError, match="SHA256SUMS"):
        check_checksums(folder)


def test_checksums_that_end_early_are_refused(folder):
    path = folder / "SHA256SUMS"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"SHA256SUMS|is not what was saved"):
            check_checksums(folder)
