"""A small client of headless Chromium: the DevTools protocol over a pipe, nothing to install.

Messages are JSON, each ended by a zero byte, on file descriptors 3 (to the browser) and 4
(from it):
``--remote-debugging-pipe``, chromium ``content/public/common/content_switches``.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 120.0

_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip


def find_chromium() -> str | None:
    """The program, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """A tab. ``console`` and ``requests`` list what happened in it."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._buffer = send, receive, b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(receive, selectors.EVENT_READ)
        self._number = 0
        self._session: str | None = None
        self._loads = 0
        self.console: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and waits for its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        answers: list[dict[str, Any]] = []
        self._until(lambda got: got.get("id") == number and (answers.append(got) or True), method)
        assert "error" not in answers[0], (method, answers[0].get("error"))
        return dict(answers[0]["result"])

    def open(
        self, url: str, width: int, height: int, *, scale: float = 1, mobile: bool = False
    ) -> None:
        """Opens a page in a window of this size, and waits until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=mobile,
        )  # fmt: skip
        before = self._loads
        self.call("Page.navigate", url=url)
        if self._loads == before:
            self._until(lambda got: self._loads > before, f"loading {url}")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which may be a promise."""
        done = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page, or of the window only."""
        done = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(done["data"]))

    def pdf(self, path: Path) -> None:
        """The printed page."""
        done = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        path.write_bytes(base64.b64decode(done["data"]))

    def _until(self, wanted: Callable[[dict[str, Any]], bool], what: str) -> None:
        end = time.monotonic() + TIMEOUT_S
        while True:
            while b"\0" in self._buffer:
                text, _, self._buffer = self._buffer.partition(b"\0")
                message = json.loads(text)
                self._note(message)
                if wanted(message):
                    return
            left = end - time.monotonic()
            assert left > 0 and self._selector.select(left), f"Chromium does not answer: {what}"
            data = os.read(self._receive, 1 << 20)
            assert data, f"Chromium ended: {what}"
            self._buffer += data

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method", ""), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loads += 1
        elif method == "Runtime.consoleAPICalled":
            self.console.append(f"{parameters['type']}: {parameters['args']}")
        elif method == "Runtime.exceptionThrown":
            self.console.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.console.append(str(parameters["entry"]["text"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])


@contextmanager
def chromium(program: str, profile: Path) -> Iterator[Page]:
    """A browser with one tab, which ends with the block.

    Args:
        program: of :func:`find_chromium`.
        profile: an empty folder.
    """
    to_browser, from_page = os.pipe()
    to_page, from_browser = os.pipe()
    # the shell gives the pipes the numbers that Chromium expects
    script = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", script, program, *_ARGUMENTS, f"--user-data-dir={profile}"],
        pass_fds=(to_browser, from_browser),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Page(from_page, to_page)
    finally:
        os.close(from_page)  # Chromium ends when its pipe does
        os.close(to_page)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
