"""Processes that a script starts are watched too, or a line says that they are not."""

from __future__ import annotations

WORKER = """
import os, sys
import torch
import torch.distributed as dist

def work(rank, world, store):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=world)
    torch.manual_seed(0)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 3))
    for step in range(4):
        x = torch.randn(8, 4)
        loss = torch.nn.functional.cross_entropy(model(x).softmax(1), x[:, :3].argmax(1))
        loss.backward()
    dist.destroy_process_group()
"""
# The line of its loss.
WORKER_LINE = 13
LOSS_LINE = 9  # of the training in conftest.py


def findings(ran):
    return {(f["rule"], f["places"][0]["line"]) for f in ran.result["findings"]}


def test_mp_spawn(shell):
    shell.write(
        "train.py",
        WORKER
        + """
if __name__ == "__main__":
    torch.multiprocessing.spawn(work, args=(2, "file://" + os.path.abspath("store")), nprocs=2)
    print("joined")
""",
    )
    ran = shell.audit("train.py")

    assert (ran.code, ran.stdout) == (0, "joined\n"), ran.stderr
    assert findings(ran) == {("double-softmax", WORKER_LINE)}


def test_torchrun_inside(shell):
    shell.write(
        "train.py",
        WORKER
        + """
if __name__ == "__main__":
    work(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), "env://")
""",
    )
    ran = shell.audit("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "train.py")

    assert ran.code == 0, ran.stderr
    assert findings(ran) == {("double-softmax", WORKER_LINE)}


def test_torchrun_outside(shell):
    shell.write(
        "train.py",
        WORKER
        + """
if __name__ == "__main__":
    work(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), "env://")
""",
    )
    ran = shell.python(
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "lossaudit", "run", "--format", "json", "--output", "result.json", "train.py"),
    )

    assert ran.code == 0, ran.stderr
    assert findings(ran) == {("double-softmax", WORKER_LINE)}


def test_a_subprocess_of_the_script(shell, training_script):
    training_script("train(3)\n")
    shell.write("outer.py", "import subprocess, sys\nsubprocess.run([sys.executable, 'train.py'], check=True)\n")
    ran = shell.audit("outer.py")

    assert ran.code == 0, ran.stderr
    assert findings(ran) == {("double-softmax", LOSS_LINE)}


def test_a_failing_child_fails_the_script_as_ever(shell):
    shell.write(
        "train.py",
        """
        import torch
        def work(rank):
            raise RuntimeError("rank is lost")
        if __name__ == "__main__":
            torch.multiprocessing.spawn(work, nprocs=1)
        """,
    )
    ran = shell.audit("train.py")

    assert ran.code == 1
    assert "rank is lost" in ran.stderr
    assert "lossaudit/run" not in ran.stderr


def test_nothing_is_left_in_the_temporary_folder(shell, training_script):
    shell.write("tmp/.keep", "")
    shell.environment["TMPDIR"] = str(shell.folder / "tmp")
    ran = shell.run(training_script("train(2)\n").name)

    assert ran.code == 0
    assert [path.name for path in (shell.folder / "tmp").iterdir()] == [".keep"]
