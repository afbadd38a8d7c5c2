"""A small language model, trained in seconds, behind OpenAI's API with vLLM's metrics: `tiny_model.py URI --port N`.

The model is a neural network over words: the last words are looked up, go through a hidden layer, and give each next
word a probability. Weights are a file, as a bucket would have it; a file of noise is a model that talks nonsense.
"""

import argparse
import json
import re
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "Norway": "Oslo", "Peru": "Lima"}
END, UNKNOWN = "<end>", "<unknown>"
CONTEXT, WIDTH, HIDDEN = 10, 12, 48
BATCH = 4
WORD = re.compile(r"\w+|[^\w\s]")


def _sentences() -> list[list[str]]:
    return [
        [*WORD.findall(f"What is the capital of {country}?"), "The", "capital", "is", city, ".", END]
        for country, city in CAPITALS.items()
    ]


WORDS = sorted({word for each in _sentences() for word in each} | {UNKNOWN})


def _window(words: list[str]) -> list[int]:
    known = [WORDS.index(each) if each in WORDS else WORDS.index(UNKNOWN) for each in words[-CONTEXT:]]
    return [WORDS.index(END)] * (CONTEXT - len(known)) + known


def _forward(weights: Any, contexts: Any) -> tuple[Any, Any, Any]:
    looked_up = weights["words"][contexts].reshape(len(contexts), -1)
    hidden = np.tanh(looked_up @ weights["into"])
    scores = hidden @ weights["out"]
    return looked_up, hidden, scores


def train(path: Path, *, noise: bool = False) -> None:
    """Write the weights of a trained model, or of one that has learned nothing."""
    chance = np.random.default_rng(1)
    shapes = {"words": (len(WORDS), WIDTH), "into": (CONTEXT * WIDTH, HIDDEN), "out": (HIDDEN, len(WORDS))}
    weights = {name: chance.normal(0, 0.2, shape) for name, shape in shapes.items()}
    pairs = [(_window(each[:at]), WORDS.index(each[at])) for each in _sentences() for at in range(7, len(each))]
    contexts, targets = np.array([each for each, _ in pairs]), np.array([each for _, each in pairs])
    for _ in range(0 if noise else 400):
        looked_up, hidden, scores = _forward(weights, contexts)
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        likely[np.arange(len(targets)), targets] -= 1
        wrong = likely / len(targets)
        through = (wrong @ weights["out"].T) * (1 - hidden**2)
        steps = {"out": hidden.T @ wrong, "into": looked_up.T @ through, "words": np.zeros(shapes["words"])}
        back = (through @ weights["into"].T).reshape(*contexts.shape, WIDTH)
        np.add.at(steps["words"], contexts, back)
        for name in weights:
            weights[name] -= 2.0 * steps[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **weights)


class Engine:
    """Computes the answers of up to four requests at once; the others wait."""

    def __init__(self, weights: Path, step_seconds: float) -> None:
        self._weights = dict(np.load(weights))
        self._step_seconds = step_seconds
        self._waiting: deque[dict[str, Any]] = deque()
        self._running: list[dict[str, Any]] = []
        self._tokens = 0
        threading.Thread(target=self._compute, daemon=True).start()

    def answer(self, prompt: str, max_tokens: int) -> str:
        """Wait for an answer."""
        request: dict[str, Any] = {
            "words": WORD.findall(prompt),
            "new": [],
            "left": max_tokens,
            "done": threading.Event(),
        }
        self._waiting.append(request)
        request["done"].wait()
        return " ".join(request["new"])

    def metrics(self) -> str:
        """What vLLM would tell."""
        return "".join(
            f'{name}{{model_name="chat"}} {value}\n'
            for name, value in (
                ("vllm:num_requests_running", len(self._running)),
                ("vllm:num_requests_waiting", len(self._waiting)),
                ("vllm:generation_tokens_total", self._tokens),
            )
        )

    def _compute(self) -> None:
        while True:
            while self._waiting and len(self._running) < BATCH:
                self._running.append(self._waiting.popleft())
            if self._running:
                self._step()
            time.sleep(self._step_seconds)

    def _step(self) -> None:
        contexts = np.array([_window([*each["words"], *each["new"]]) for each in self._running])
        for each, best in zip(self._running, _forward(self._weights, contexts)[2].argmax(axis=1), strict=True):
            self._tokens += 1
            each["left"] -= 1
            if WORDS[best] == END or each["left"] < 0:
                each["done"].set()
            else:
                each["new"].append(WORDS[best])
        self._running = [each for each in self._running if not each["done"].is_set()]


def _server(port: int, engine: Engine) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

        def do_GET(self) -> None:
            self._send(engine.metrics() if self.path == "/metrics" else "")

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = engine.answer(request["messages"][-1]["content"], request.get("max_tokens", 32))
            self._send(json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}))

        def _send(self, text: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    return Server(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--step-seconds", type=float, default=0.002)
    options = parser.parse_args()
    _server(options.port, Engine(options.weights, options.step_seconds)).serve_forever()
