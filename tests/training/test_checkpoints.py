"""Checkpoints: written atomically, verified when read, the last two kept."""

import math
import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest

from helpers.atomic_write import write_atomically
from helpers.training.checkpoints import Checkpoints, DamagedCheckpointError


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def files(checkpoints):
    return sorted(path.name for path in checkpoints.folder.iterdir())


def test_a_tree_comes_back_as_it_was_bit_for_bit(checkpoints):
    rng = np.random.default_rng(0)
    tree = {
        "arrays": [rng.normal(size=(3, 4)), rng.normal(size=5).astype("float32"), np.array(3), np.zeros((0, 2))],
        "transposed": rng.normal(size=(3, 4)).T,
        "state": ((np.ones((2, 3)), np.zeros((2, 3))), None),
        "rng": rng.bit_generator.state,
        "numbers": [1, 0.1, math.pi, 1e-300, 2**127 + 1, math.inf, True, None, "은닉 상태"],
        "empty": {},
    }
    checkpoints.save(tree, 1)
    loaded = checkpoints.load()
    np.testing.assert_equal(loaded, tree)
    assert [array.dtype for array in loaded["arrays"]] == [array.dtype for array in tree["arrays"]]
    assert isinstance(loaded["state"], tuple) and isinstance(loaded["state"][0], tuple)
    assert isinstance(loaded["arrays"], list)


def test_nan_comes_back_as_nan(checkpoints):
    checkpoints.save({"loss": math.nan}, 1)
    assert math.isnan(checkpoints.load()["loss"])


def test_without_a_checkpoint_there_is_nothing_to_load(checkpoints):
    assert checkpoints.load() is None


def test_the_last_two_checkpoints_are_kept_and_the_newest_is_loaded(checkpoints):
    for step in (1, 20, 300):
        checkpoints.save({"step": step}, step)
    assert files(checkpoints) == ["step-00000020.npz", "step-00000300.npz"]
    assert checkpoints.load() == {"step": 300}


def test_a_changed_byte_is_always_noticed_or_harmless(checkpoints):
    """Every third byte in turn is flipped: the newest tree comes back, or the one before, and never a third thing."""
    trees = [{"step": step, "weights": np.full(3, float(step))} for step in (1, 2)]
    for step, tree in enumerate(trees, 1):
        checkpoints.save(tree, step)
    newest = checkpoints.folder / "step-00000002.npz"
    whole = newest.read_bytes()
    fallbacks = 0
    for position in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        newest.write_bytes(damaged)
        loaded = checkpoints.load()
        expected = trees[loaded["step"] - 1]
        np.testing.assert_equal(loaded, expected)
        fallbacks += loaded["step"] == 1
    assert fallbacks > len(whole) / 12


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_a_truncated_newest_checkpoint_falls_back_to_the_one_before_and_is_put_aside(checkpoints, length):
    for step in (1, 2):
        checkpoints.save({"step": step}, step)
    newest = checkpoints.folder / "step-00000002.npz"
    newest.write_bytes(newest.read_bytes()[:length])
    assert checkpoints.load() == {"step": 1}
    assert files(checkpoints) == ["step-00000001.npz", "step-00000002.npz.damaged"]
    checkpoints.save({"step": 2}, 2)
    assert checkpoints.load() == {"step": 2}


def test_with_both_damaged_it_says_so_now_and_the_next_time(checkpoints):
    for step in (1, 2):
        checkpoints.save({"step": step}, step)
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"nothing")
    for _ in range(2):
        with pytest.raises(DamagedCheckpointError, match="is damaged, so the run cannot be resumed"):
            checkpoints.load()


def test_a_checkpoint_that_would_need_pickle_is_not_read(checkpoints):
    checkpoints.folder.mkdir()
    np.savez(checkpoints.folder / "step-00000001.npz", structure=np.array([print], dtype=object), checksum="")
    with pytest.raises(DamagedCheckpointError):
        checkpoints.load()


def test_an_error_while_writing_leaves_the_old_content_and_no_other_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_killed_while_it_writes_leaves_the_old_content(checkpoints):
    checkpoints.save({"step": 1}, 1)
    program = f"""
import os, signal
from pathlib import Path
from helpers.atomic_write import write_atomically
def killed(file):
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path({str(checkpoints.folder)!r}) / "step-00000002.npz", killed)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGKILL
    assert checkpoints.load() == {"step": 1}
    assert len(files(checkpoints)) == 2  # the half-written file has another name
    checkpoints.save({"step": 3}, 3)
    assert files(checkpoints) == ["step-00000001.npz", "step-00000003.npz"]


@pytest.mark.skipif(os.name != "posix", reason="limits on the size of files are a matter of POSIX")
def test_a_full_disk_is_said_in_a_sentence_and_the_checkpoint_before_stays(checkpoints):
    checkpoints.save({"step": 1}, 1)
    program = f"""
import resource
import numpy as np
from helpers.training.checkpoints import Checkpoints
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
Checkpoints({str(checkpoints.folder)!r}).save({{"weights": np.zeros(100_000)}}, 2)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "could not be written: File too large. Its old content is unchanged" in ended.stderr.splitlines()[-1]
    assert files(checkpoints) == ["step-00000001.npz"]
    assert checkpoints.load() == {"step": 1}


def test_the_content_is_on_the_disk_before_it_gets_its_name_and_the_name_is_before_the_command_goes_on(
    tmp_path, monkeypatch
):
    done, sync, rename = [], os.fsync, os.replace

    def note_sync(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else os.fstat(descriptor).st_size
        done.append(kind)
        sync(descriptor)

    def note_rename(old, new):
        done.append("name")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_rename)
    write_atomically(tmp_path / "file", lambda file: file.write(b"new"))
    assert done == [3, "name", *(["folder"] if os.name == "posix" else [])]


def test_two_writers_of_one_file_do_not_meet_and_the_last_one_wins(tmp_path):
    path = tmp_path / "file"

    def write(file):
        write_atomically(path, lambda other: other.write(b"first"))
        assert path.read_bytes() == b"first"
        file.write(b"second")

    write_atomically(path, write)
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]
