"""A training process for tests: its state follows from the step, so that every torn or mixed-up checkpoint shows.

    python -m tests.haven.checkpoints.training_process LOCATION FOLDER EVERY STEPS

Goes on from the newest complete checkpoint of LOCATION, saves after every EVERY steps, and prints each step when it is
done. Ends after STEPS steps of its own, if nobody kills it before.
"""

import hashlib
import sys
from pathlib import Path

from haven.checkpoints import Checkpoint, Checkpoints
from haven.checkpoints.checkpoints import open_store

PARTS = {"model.bin": 200_000, "optimizer.bin": 400_000, "random.bin": 64}
"""Name of each part -> its size."""


def content(name: str, step: int) -> bytes:
    """What a part holds after a step."""
    seed = hashlib.sha256(f"{name} {step}".encode()).digest()
    return (seed * (PARTS[name] // len(seed) + 1))[: PARTS[name]]


def is_whole(checkpoint: Checkpoint) -> bool:
    """Whether every part is that of the checkpoint's step."""
    read = {name: path.read_bytes() for name, path in checkpoint.files.items()}
    return read == {name: content(name, checkpoint.step) for name in PARTS}


def main(location: str, folder: str, every: int, steps: int) -> None:
    """Train."""
    checkpoints = Checkpoints(open_store(location))
    resumed = checkpoints.resume(Path(folder))
    if resumed is not None and not is_whole(resumed):
        raise SystemExit("a torn checkpoint was loaded")
    begin = resumed.step if resumed else 0
    print(f"from {begin}", flush=True)
    for step in range(begin + 1, begin + 1 + steps):
        hashlib.sha256(bytes(300_000)).digest()  # the work of a step
        print(step, flush=True)
        if step % every == 0:
            checkpoints.save(step, {name: content(name, step) for name in PARTS})
            checkpoints.prune()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
