"""What `lossaudit run` says and writes."""

from __future__ import annotations

import re


def test_the_path_of_the_report_is_said_at_the_start_and_at_the_end(shell, training_script):
    ran = shell.run(training_script("import sys\ntrain(2)\nprint('-- in the script --', file=sys.stderr)\n").name)

    before, after = ran.stderr.split("-- in the script --")
    assert "lossaudit-report.html" in before.splitlines()[0]
    assert "lossaudit-report.html" in after
    assert (shell.folder / "lossaudit-report.html").stat().st_size <= 300_000


def test_a_finding_is_said_once_while_the_script_runs(shell, training_script):
    ran = shell.run(training_script("import sys\ntrain(90)\nprint('-- trained --', file=sys.stderr)\n").name)

    during = ran.stderr.split("-- trained --")[0]
    assert during.count("double-softmax") == 1
    assert re.search(r"train\.py:9\b", during)
    assert ran.stdout == ""


def test_without_torch_it_says_so_in_one_line(shell):
    shell.write("script.py", "print('hello')\n")
    ran = shell.run("script.py")

    assert (ran.code, ran.stdout) == (0, "hello\n")
    assert "never imported torch" in ran.stderr
    assert "never imported torch" in ran.report
    assert "nothing wrong" not in ran.stderr


def test_without_backward_it_says_so_in_one_line(shell):
    shell.write("script.py", "import torch\nprint(torch.ones(2).sum().item())\n")
    ran = shell.run("script.py")

    assert (ran.code, ran.stdout) == (0, "2.0\n")
    assert [line for line in ran.stderr.splitlines() if "backward" in line], ran.stderr
    assert "backward" in ran.report


def test_a_hostile_script_name_is_inert(shell, training_script):
    name = "<script>alert(1)<!-- & '\" .py"
    training_script("train(2)\n").rename(shell.folder / name)
    ran = shell.run(name)

    assert ran.code == 0, ran.stderr
    assert "<script>alert" not in ran.report
    assert "&lt;script&gt;alert" in ran.report


def test_hostile_source_is_inert(shell):
    shell.write(
        "script.py",
        """
        import torch
        class Net(torch.nn.Linear):
            pass
        Net.__qualname__ = Net.__name__ = "</script><img src=x onerror=alert(1)>"
        net = Net(3, 3)
        x = torch.randn(4, 3)
        for _ in range(2):  # </style><script>alert(2)</script>
            loss = torch.nn.functional.cross_entropy(net(x).softmax(1), torch.tensor([0, 1, 2, 0]))  # <img onerror=1>
            loss.backward()
        raise ValueError("</pre><script>alert(3)</script>")
        """,
    )
    ran = shell.run("script.py")

    assert ran.code == 1
    assert "<script>alert" not in ran.report
    assert "<img" not in ran.report


def test_a_report_elsewhere(shell, training_script):
    (shell.folder / "out").mkdir()
    ran = shell.run("--report", "out/page.html", training_script("import os\nos.chdir('/')\ntrain(2)\n").name)

    assert ran.code == 0, ran.stderr
    assert "double-softmax" in (shell.folder / "out/page.html").read_text(encoding="utf-8")
    assert not (shell.folder / "lossaudit-report.html").exists()


def test_many_objectives_still_fit_the_size(shell):
    shell.write(
        "script.py",
        "import torch\n"
        "import torch.nn.functional as F\n"
        "net = torch.nn.Linear(4, 3)\n"
        "x, y = torch.randn(8, 4), torch.arange(8) % 3\n" + "F.cross_entropy(net(x).softmax(1), y).backward()\n" * 40,
    )
    ran = shell.run("script.py")

    assert ran.code == 0, ran.stderr
    assert (shell.folder / "lossaudit-report.html").stat().st_size <= 300_000


PEAK = """
import resource
import torch
import torch.nn.functional as F
torch.manual_seed(0)
torch.set_num_threads(1)
head = torch.nn.Linear(16, 50_000)
for step in range(3):
    loss = F.cross_entropy(head(torch.randn(2048, 16)), torch.randint(50_000, (2048,)))
    head.zero_grad()
    loss.backward()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_large_vocabulary_costs_little_memory(shell):
    shell.write("script.py", PEAK)
    plain, ran = shell.python("script.py"), shell.audit("script.py")

    assert ran.code == 0, ran.stderr
    assert ran.result["sampled"] == 3
    assert (int(ran.stdout) - int(plain.stdout)) / 1024 <= 64
