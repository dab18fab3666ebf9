"""A headless Chromium that is spoken to through a pipe: its DevTools protocol, with nothing to install besides."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Where Chromium is; None if it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of one browser.

    Args:
        profile: an empty folder for its settings.
    """

    def __init__(self, profile: Path):
        (asked, self._ask), (self._hear, answered) = os.pipe(), os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        command = [str(chromium()), *options, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        # Chromium reads what it is asked from descriptor 3 and answers on 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{asked} 4>&{answered}', *command],
            pass_fds=(asked, answered),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(asked)
        os.close(answered)
        self._count, self._session, self._buffer = 0, None, b""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")

    def ask(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Ask for something and wait for the answer."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._write(message)
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def show(self, page: Path, width: int, *, scheme: str = "light", media: str = "") -> None:
        """Load a page in a window of a width, in light or dark, perhaps as it is printed."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)
        self.ask("Page.navigate", url=page.as_uri())
        ready = "new Promise(d => document.readyState == 'complete' ? d() : addEventListener('load', () => d()))"
        self.run(ready)

    def run(self, script: str) -> Any:
        """The value of an expression, waited for where it is a promise."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", answer))
        return answer["result"].get("value")

    def picture(self) -> bytes:
        """PNG of the whole page."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def printed(self) -> bytes:
        """PDF on A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69}
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True, **paper)["data"])

    def close(self) -> None:
        """End it."""
        self._session = None
        try:
            self.ask("Browser.close")
        finally:
            os.close(self._ask)
            os.close(self._hear)
            self._process.wait(30)

    def _write(self, message: Mapping[str, Any]) -> None:
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self._ask, left) :]

    def _read(self) -> Mapping[str, Any]:
        while b"\0" not in self._buffer:
            some = os.read(self._hear, 1 << 20)
            if not some:
                raise RuntimeError("Chromium ended.")
            self._buffer += some
        first, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(first)
