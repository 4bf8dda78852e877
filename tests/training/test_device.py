"""A run on a GPU, here on a stand-in: the same code trains, saves, resumes, measures and writes as on the CPU."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.nn import FAST
from helpers.training.command import Run, write
from helpers.training.experiment import LayerSource
from helpers.training.presets import PRESETS
from helpers.training.saved_model import load_model
from tests.nn import device_twin
from tests.training.test_train_command import assert_refused, command
from tests.training.test_train_command import text as text


@pytest.fixture
def cuda():
    with device_twin.imported(device_twin.make()) as module:
        yield module


@pytest.fixture
def begin(cuda, text, tmp_path, monkeypatch):
    """A function that begins, or goes on with, a run in a folder on a device."""
    settings = {
        "rate": 0.3, "recurrent_rate": 0.2, "word_rate": 0.1, "activation_penalty": 1.0, "change_penalty": 1.0,
        "average_from": 0.4, "shifted": True, "unigram_bias": True, "epochs": 3,
    }  # fmt: skip

    def run(name, device="cuda", **changed):
        monkeypatch.setitem(PRESETS, "tiny", replace(PRESETS["tiny"], **settings | changed))
        layers = LayerSource("reference", cuda.CUDA if device == "cuda" else FAST, dict)
        return Run(str(text), "words", "tiny", 0, None, tmp_path / name, False, 1000.0, layers)

    return run


def stop_after(run, steps):
    """Have a run end with Ctrl-C after so many steps, its progress saved."""
    train_window = run.trainer._train_window

    def train_and_stop(*window):
        train_window(*window)
        if run.trainer.step == steps:
            raise KeyboardInterrupt

    run.trainer._train_window = train_and_stop
    with pytest.raises(KeyboardInterrupt):
        run.train()
    run.trainer.save()


def test_without_dropout_it_learns_what_it_learns_on_the_cpu(begin):
    plain = {"rate": 0.0, "recurrent_rate": 0.0, "word_rate": 0.0}
    runs = [begin(device, device, **plain) for device in ("cuda", "cpu")]
    for run in runs:
        run.train()
    there, here = ([epoch["valid_perplexity"] for epoch in run.trainer.history] for run in runs)
    np.testing.assert_allclose(there, here, rtol=1e-3)
    # rounding grows from step to step
    np.testing.assert_allclose(runs[0].trainer.norms[:20], runs[1].trainer.norms[:20], rtol=1e-3)
    (there, _), (here, _) = (run.measure() for run in runs)
    assert there["test_perplexity"] == pytest.approx(here["test_perplexity"], rel=1e-3)


@pytest.mark.parametrize("optimiser", ["sgd", pytest.param("adam", marks=pytest.mark.slow)])
def test_a_run_goes_on_bit_for_bit_on_the_same_device(begin, optimiser, capsys):
    options = {"optimiser": optimiser} | ({"learning_rate": 0.01} if optimiser == "adam" else {})
    whole, stopped = begin("whole", **options), begin("stopped", **options)
    whole.train()
    stop_after(stopped, 2 * whole.trainer.windows + 1)
    again = begin("stopped", **options)
    again.resume()
    assert "draws other masks" not in capsys.readouterr().out
    again.train()
    assert again.trainer.norms == whole.trainer.norms
    for one, other in zip(again.trainer.params, whole.trainer.params, strict=True):
        assert (one.value.host == other.value.host).all()
    assert [epoch["valid_perplexity"] for epoch in again.trainer.history] == [
        epoch["valid_perplexity"] for epoch in whole.trainer.history
    ]


@pytest.mark.parametrize(("first", "then"), [("cuda", "cpu"), ("cpu", "cuda")])
def test_a_run_goes_on_on_the_other_device_and_says_so(begin, first, then, capsys):
    stopped = begin("run", first)
    stop_after(stopped, stopped.trainer.windows + 2)
    again = begin("run", then)
    again.resume()
    said = f"They were done on {first}, the others will be on {then}, which draws other"
    assert said in capsys.readouterr().out
    assert again.trainer.step == stopped.trainer.windows + 2
    again.train()
    results, sentences = again.measure()
    assert np.isfinite(results["test_perplexity"]) and len(sentences) == 3


def test_its_model_writes_on_the_cpu(begin):
    run = begin("run")
    run.train()
    results, sentences = run.measure()
    run.folder.write_results(results, sentences)
    model, _ = load_model(run.folder.path / "model.npz")
    assert all(isinstance(param.value, np.ndarray) for param in model.parameters())
    assert len(write(run.folder.path, "the", 0, None)) == 3


def test_gradients_that_are_not_finite_change_nothing(begin):
    trainer = begin("run").trainer
    before = [param.value.get() for param in trainer.params]
    trainer.params[0].grad[0] = np.nan
    with pytest.raises(FloatingPointError, match="nothing was changed"):
        trainer.optimiser.step(1.0, 0.25)
    assert all((param.value.get() == values).all() for param, values in zip(trainer.params, before, strict=True))


# --- the command -----------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
WITH_THE_STAND_IN = """
import runpy, sys
sys.path.insert(0, {root!r})
from tests.nn import device_twin
sys.modules.update(device_twin.make())
sys.argv = ["helpers", *{arguments!r}]
runpy.run_module("helpers", run_name="__main__")
"""


def run_on_the_stand_in(*arguments):
    """Run the command of the course in a process of its own, whose CuPy is the stand-in."""
    source = WITH_THE_STAND_IN.format(root=str(ROOT), arguments=[str(argument) for argument in arguments])
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)


def test_the_command_trains_on_a_device_names_it_and_writes_without_it(text, tmp_path):
    options = ["--corpus", text, "--preset", "tiny", "--device", "cuda", "--out", tmp_path / "run", "--prompt", "나는"]
    finished = run_on_the_stand_in("train", *options)
    assert finished.returncode == 0, finished.stderr
    for said in ("Device: stand-in.", "A new run in", "the reference", "It writes:\n  나는"):
        assert said in finished.stdout
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"results.json", "model.npz", "perplexity.png"}
    again = run_on_the_stand_in("train", *options)
    assert "is finished; here are its results" in again.stdout
    written = subprocess.run(
        [sys.executable, "-m", "helpers", "write", tmp_path / "run"], capture_output=True, text=True
    )
    assert written.stdout.startswith("It writes:")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--device", "gpu"], r"The device is cpu or cuda: got 'gpu'\."),
        (["--device", "cuda", "--layers", "my"], r"made of NumPy's arrays, which no GPU has: leave out DEVICE=cuda\."),
        (["--device", "cuda"], r"needs CuPy, which cannot be imported \(hidden\): .* pip install .*\[gpu\]'"),
    ],
    ids=["unknown", "own layers", "no CuPy"],
)
def test_what_cannot_be_is_said_in_one_sentence(options, sentence, text, tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('hidden\\nand more')")
    train = command("--corpus", text, "--preset", "tiny", "--out", tmp_path / "run", *options)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    assert_refused(subprocess.run(train, env=environment, capture_output=True, text=True), sentence)
    assert not (tmp_path / "run").exists()
