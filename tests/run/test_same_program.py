"""Under `lossaudit run` a program finds what it finds under `python`: arguments, names, paths, modules, values."""

from __future__ import annotations

import json
import os

import pytest

SURROUNDINGS = """
import json, os, sys
print(json.dumps({
    "argv": sys.argv, "name": __name__, "file": __file__, "cwd": os.getcwd(), "path": sys.path[0],
    "package": __package__, "spec": __spec__ and __spec__.name, "main": sys.modules["__main__"].__dict__ is globals(),
    "doc": __doc__, "rest": sys.path[1:], "torch": "torch" in sys.modules, "numpy": "numpy" in sys.modules,
    "flags": list(sys.flags), "orig": sys.executable, "builtins": type(__builtins__).__name__,
}))
"""


@pytest.mark.parametrize("arguments", [(), ("--lr", "0.1", "-m", "x", "--report", "mine", "--", "--stop-after", "no")])
def test_a_script_sees_the_same_surroundings(shell, arguments):
    shell.write("folder/script.py", '"""What it is."""\n' + SURROUNDINGS)
    plain, ran = shell.python("folder/script.py", *arguments), shell.run("folder/script.py", *arguments)

    assert json.loads(ran.stdout) == json.loads(plain.stdout)
    assert json.loads(ran.stdout)["argv"] == ["folder/script.py", *arguments]
    assert not json.loads(ran.stdout)["torch"]
    assert not json.loads(ran.stdout)["numpy"]


@pytest.mark.parametrize("module", ["package.train", "package"])
def test_a_module_sees_the_same_surroundings(shell, module):
    shell.write("package/__init__.py", "")
    shell.write("package/train.py", SURROUNDINGS + "from . import helper\n")
    shell.write("package/__main__.py", SURROUNDINGS + "from . import helper\n")
    shell.write("package/helper.py", "")
    plain, ran = shell.python("-m", module, "--epochs", "3"), shell.run("-m", module, "--epochs", "3")

    assert ran.code == plain.code == 0, ran.stderr
    assert json.loads(ran.stdout) == json.loads(plain.stdout)


def test_absolute_paths_and_links(shell, tmp_path_factory):
    script = shell.write("folder/script.py", SURROUNDINGS)
    link = shell.folder / "link.py"
    link.symlink_to(script)
    for name in (str(script), "link.py"):
        assert json.loads(shell.run(name).stdout) == json.loads(shell.python(name).stdout)


def test_a_class_of_main_can_be_pickled(shell):
    shell.write(
        "script.py",
        """
        import copy, pickle
        from dataclasses import dataclass

        @dataclass
        class Config:
            rate: float = 0.1

        data = pickle.dumps(Config(0.5))
        print(data, pickle.loads(data), Config.__module__, copy.deepcopy(Config(2.0)))
        """,
    )
    plain, ran = shell.python("script.py"), shell.run("script.py")

    assert (ran.code, ran.stdout) == (0, plain.stdout)


def test_a_model_of_main_can_be_saved_and_loaded(shell):
    shell.write(
        "script.py",
        """
        import io
        import torch

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(2, 2)
            def forward(self, x):
                return self.layer(x)

        net = Net()
        net(torch.randn(3, 2)).sum().backward()
        file = io.BytesIO()
        torch.save(net, file)
        file.seek(0)
        print(type(torch.load(file, weights_only=False)) is Net)
        """,
    )
    ran = shell.run("script.py")

    assert (ran.code, ran.stdout) == (0, "True\n"), ran.stderr


def test_inspect_finds_the_source_of_main(shell):
    shell.write("script.py", "import inspect, sys\ndef f():\n    return 1\nprint(inspect.getsource(f), end='')\n")
    ran = shell.run("script.py")

    assert ran.stdout == "def f():\n    return 1\n", ran.stderr


def test_the_number_of_threads_is_the_scripts_own(shell):
    shell.environment.pop("OMP_NUM_THREADS")
    shell.write(
        "script.py",
        "import os, sys\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules\n"
        "os.environ['OMP_NUM_THREADS'] = '2'\n"
        "import torch\n"
        "print(torch.get_num_threads(), torch.get_num_interop_threads())\n",
    )
    plain, ran = shell.python("script.py"), shell.run("script.py")

    assert (ran.code, ran.stdout) == (0, plain.stdout)


# Everything that training leaves behind, to the last bit.
FINGERPRINT = """
import hashlib, random
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

def digest(*tensors):
    h = hashlib.sha256()
    for t in tensors:
        h.update(t.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return h.hexdigest()[:16]

def fingerprint(model, optimizer):
    print("parameters", digest(*model.parameters()))
    print("gradients", digest(*(p.grad for p in model.parameters() if p.grad is not None)))
    print("buffers", digest(*model.buffers()) if list(model.buffers()) else "none")
    states = [v for s in optimizer.state.values() for v in s.values() if isinstance(v, torch.Tensor)]
    print("optimizer", digest(*states) if states else "none")
    print("random", digest(torch.get_rng_state()), random.random(), np.random.rand())

random.seed(1); np.random.seed(1); torch.manual_seed(1)
print(torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads())
"""
BODIES = {
    "batch norm, dropout and Adam": """
body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3))
model = nn.Sequential(body, nn.Linear(144, 5))
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
for step in range(70):
    x = torch.randn(8, 1, 8, 8)
    loss = F.cross_entropy(model(x), torch.randint(5, (8,)))
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    if step % 10 == 0: print(repr(loss.item()))
fingerprint(model, optimizer)
""",
    "squared error on softmax, accumulated": """
model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 4), nn.Softmax(1))
optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
for step in range(60):
    y = F.one_hot(torch.randint(4, (16,)), 4).float()
    loss = F.mse_loss(model(torch.randn(16, 6)), y) / 2
    loss.backward()
    if step % 2: optimizer.step(); optimizer.zero_grad(set_to_none=False)
    if step % 10 == 0: print(repr(loss.item()))
fingerprint(model, optimizer)
""",
    "autocast, scaler and checkpoint": """
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
scaler = torch.amp.GradScaler("cpu", init_scale=512.0)
for step in range(40):
    x = torch.randn(16, 6, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = checkpoint(model, x, use_reentrant=bool(step % 2))
        loss = F.cross_entropy(logits, x[:, :3].argmax(1))
    optimizer.zero_grad(); scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()
    if step % 10 == 0: print(repr(loss.item()), scaler.get_scale())
fingerprint(model, optimizer)
""",
    "LBFGS, hooks and double backward": """
model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
norms = []
for p in model.parameters():
    p.register_hook(lambda g: norms.append(g.norm().item()))
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.3, max_iter=4)
x = torch.randn(20, 5); y = torch.randint(2, (20,))
def closure():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    g = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
    total = loss + 0.01 * sum((v ** 2).sum() for v in g)
    total.backward()
    return total
for step in range(6):
    print(repr(optimizer.step(closure).item()))
print(len(norms), repr(sum(norms)))
fingerprint(model, optimizer)
""",
    "a GAN and a policy gradient": """
G = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
D = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
bce = F.binary_cross_entropy_with_logits
both = nn.ModuleList([G, D])
og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
for step in range(40):
    fake = G(torch.randn(16, 3)); real = torch.randn(16, 2)
    d = bce(D(real), torch.ones(16, 1)) + bce(D(fake.detach()), torch.zeros(16, 1))
    od.zero_grad(); d.backward(); od.step()
    g = F.softplus(-D(fake)).mean()
    og.zero_grad(); g.backward(); og.step()
    policy = torch.distributions.Categorical(logits=G(torch.randn(4, 3)))
    action = policy.sample()
    loss = -(policy.log_prob(action) * torch.randn(4)).mean()
    og.zero_grad(); loss.backward(); og.step()
    if step % 10 == 0: print(repr(d.item()), repr(g.item()), repr(loss.item()), action.tolist())
fingerprint(both, og)
""",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_training_is_the_same_to_the_last_bit(shell, body):
    shell.write("script.py", FINGERPRINT + body)
    plain, ran = shell.python("script.py"), shell.run("script.py")

    assert plain.code == ran.code == 0, ran.stderr
    assert ran.stdout == plain.stdout


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_dataloader_workers(shell, method):
    shell.write(
        "script.py",
        f"""
        import torch
        from torch.utils.data import DataLoader, Dataset

        class Numbers(Dataset):
            def __len__(self):
                return 24
            def __getitem__(self, i):
                return torch.full((4,), float(i)), i % 3

        if __name__ == "__main__":
            torch.manual_seed(0)
            model = torch.nn.Linear(4, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
            loader = DataLoader(Numbers(), batch_size=6, num_workers=1, multiprocessing_context="{method}")
            for x, y in loader:
                loss = torch.nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                print(repr(loss.item()))
        """,
    )
    plain, ran = shell.python("script.py"), shell.audit("script.py")

    assert ran.code == plain.code == 0, ran.stderr
    assert ran.stdout == plain.stdout
    assert ran.result["backwards"] == 4
    assert ran.result["findings"] == []


def test_signal_handlers_are_the_scripts_own(shell):
    shell.write(
        "script.py",
        "import signal\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "print([signal.getsignal(s) == signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)])\n",
    )
    plain, ran = shell.python("script.py"), shell.run("script.py")

    assert ran.stdout == plain.stdout


def test_environment_of_the_script_differs_only_by_what_children_need(shell):
    shell.write("script.py", "import json, os\nprint(json.dumps(dict(os.environ)))\n")
    plain = json.loads(shell.python("script.py").stdout)
    ran = json.loads(shell.run("script.py").stdout)

    assert {name for name in plain | ran if plain.get(name) != ran.get(name)} <= {"LOSSAUDIT_CHILDREN", "PYTHONPATH"}
    assert ran["PYTHONPATH"].endswith(os.environ.get("PYTHONPATH", ""))
