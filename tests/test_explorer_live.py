"""The explorer in a kernel of its own, driven by the messages of a slider, in the main thread and in a subshell's."""

from __future__ import annotations

import json
import time

import pytest
from jupyter_client.manager import start_new_kernel

# What the student's function does at each place of the slider; at the last it is right again.
SETUP = """
import numpy as np
from descentlab import explorer

explorer.SECONDS = 0.3

def endless():
    while True:
        pass

def endless_numpy():
    numbers = np.arange(2000.0)
    while True:
        numbers = np.sqrt(numbers)

odd = [endless, lambda: 1 / 0, lambda: None, lambda: np.full((3, 2), np.nan), lambda: np.zeros((3, 3)), endless_numpy]

def run(k):
    return np.zeros((5, 2)) if k == len(odd) else odd[k]()

made = explorer.Explorer("ravine", run, k=(0, len(odd), len(odd)))
print(made._settings["k"].model_id, made._words.model_id)
"""
WORDS = [
    "Your function: took longer than 0.3 s and was stopped",
    "Your function: ZeroDivisionError: division by zero.",
    "Your function is not written yet",
    "not a number (NaN) from step 0 on",
    "Your function: returns the shape (3, 3), wanted (n, 2).",
    "Your function: took longer than 0.3 s and was stopped",
    "at the minimum from step 0",
]


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def explorer(kernel):
    """The ids of the slider and of the words."""
    said = []
    kernel.execute_interactive(SETUP, timeout=60, output_hook=lambda message: said.append(message["content"]))
    (printed,) = [content["text"] for content in said if content.get("name") == "stdout"]
    return printed.split()


def subshell(kernel) -> str:
    request = kernel.session.msg("create_subshell_request", {})
    kernel.control_channel.send(request)
    while True:
        reply = kernel.get_control_msg(timeout=30)
        if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
            return reply["content"]["subshell_id"]


def move(kernel, explorer, index, shell=None) -> str:
    """Move the slider as the browser does; return the words that come back, fail on whatever goes to stderr."""
    slider, words = explorer
    data = {"method": "update", "state": {"index": index}, "buffer_paths": []}
    message = kernel.session.msg("comm_msg", {"comm_id": slider, "data": data})
    if shell:
        message["header"]["subshell_id"] = shell
    kernel.shell_channel.send(message)
    found, end = "", time.monotonic() + 30
    while time.monotonic() < end:
        answer = kernel.get_iopub_msg(timeout=30)
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        content = answer["content"]
        assert answer["msg_type"] != "stream" or content["name"] != "stderr", content["text"]
        if answer["msg_type"] == "comm_msg" and content["comm_id"] == words:
            found = content["data"].get("state", {}).get("value", found)
        if answer["msg_type"] == "status" and content["execution_state"] == "idle":
            return found
    raise TimeoutError(json.dumps(data))


@pytest.mark.parametrize("where", ["main thread", "subshell"])
def test_whatever_the_function_does_the_slider_is_answered_in_words(kernel, explorer, where):
    shell = subshell(kernel) if where == "subshell" else None
    for index, words in enumerate(WORDS):
        assert words in move(kernel, explorer, index, shell)
