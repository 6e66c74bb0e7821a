"""A stage, run as a command, refuses a malformed file of the user's in one line and writes nothing.

What is refused in all is told by `test_malformed_params.py` and `test_malformed_csv.py`.
"""

import pytest

from tests.faults.test_malformed_csv import as_text, rows
from tests.workflow.project import Project


def everything(project: Project) -> dict[str, bytes]:
    return {
        name: content
        for name, content in project.snapshot(".").items()
        if "__pycache__" not in name and not name.startswith(".git/")
    }


@pytest.mark.parametrize(
    ("stage", "seed", "said"),
    [
        ("params", "seed: [42", "params.yaml: line "),
        ("params", "seed: 0x" + "f" * 5000, "params.yaml: seed = an integer of thousands of"),
        ("figures.generate centred", f"seed: {'[' * 1000}", "params.yaml: nested too deeply"),
        (
            "figures.generate centred",
            'seed: 42\n"\\e[31mred\\n": 1',
            "params.yaml: \\x1b[31mred : unknown parameter",
        ),
    ],
)
def test_malformed_parameters_end_every_command(
    project: Project, stage: str, seed: str, said: str
) -> None:
    path = project.root / "params.yaml"
    text = path.read_text()
    assert "seed: 42" in text
    path.write_text(text.replace("seed: 42", seed))
    before = everything(project)
    name, *variant = stage.split()
    output = project.run("python", "-m", f"stages.{name}", *variant, succeeds=False)
    (line,) = output.splitlines()
    prefix = f"{name.replace('.', '-')}@{variant[0]}: " if variant else ""
    assert line.startswith(prefix + said)
    assert everything(project) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (as_text(rows(), ";").encode(), "area.csv: missing columns start_time"),
        (as_text(rows()).encode("utf-16"), "area.csv: zero bytes in it, text in UTF-8 expected"),
    ],
)
def test_a_malformed_csv_file_ends_the_stage_that_reads_it(
    project: Project, content: bytes, said: str
) -> None:
    params = project.params()
    params["imbalance"]["source"] = "csv"
    project.write_params(params)
    (project.root / "data" / "external" / "imbalance" / "area.csv").write_bytes(content)
    before = everything(project)
    output = project.run("python", "-m", "stages.imbalance.acquire", succeeds=False)
    (line,) = output.splitlines()
    assert line.startswith(f"imbalance-acquire: data/external/imbalance/{said}")
    assert everything(project) == before
