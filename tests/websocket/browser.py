# SPDX-License-Identifier: MIT
"""browser.py - pages in a headless Chromium, driven by the DevTools protocol.

Nothing is waited for by time: a condition is handed to the page, which answers
when it holds.
"""
import base64
import json
import re
import shutil
import subprocess
import tempfile

from client import PATIENCE, TEXT, Client

FLAGS = """--headless=new --no-sandbox --remote-debugging-port=0 --no-first-run
    --disable-gpu --disable-dev-shm-usage --disable-background-networking
    --disable-component-update --disable-sync --disable-default-apps --disable-extensions
    --disable-background-timer-throttling --disable-renderer-backgrounding
    --disable-backgrounding-occluded-windows --no-proxy-server
    --password-store=basic --lang=en-GB""".split()


def find():
    """The path of a Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    return None


class Browser:
    """A Chromium of our own, which knows of this machine only."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [find(), *FLAGS, f"--user-data-dir={self.directory.name}",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True)
        said = []
        for line in self.process.stderr:
            said.append(line)
            if match := re.search(r"listening on ws://127\.0\.0\.1:(\d+)(/\S+)", line):
                break
        else:
            raise AssertionError("the browser did not start:\n" + "".join(said))
        # What it says from now on must not fill the pipe.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr,
                                      stdout=subprocess.DEVNULL)
        self.client = Client(int(match[1]), match[2])
        self.last = 0
        self.faults = []

    def call(self, method, session=None, **params):
        """What a command of the protocol returns."""
        self.last += 1
        command = {"id": self.last, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        self.client.text(json.dumps(command))
        while True:
            opcode, payload = self.client.message()
            assert opcode == TEXT, payload
            got = json.loads(payload)
            if got.get("id") == self.last:
                assert "error" not in got, f"{method}: {got['error']}"
                return got["result"]
            if got.get("method") in ("Runtime.exceptionThrown", "Inspector.targetCrashed"):
                self.faults.append(got["params"])

    def page(self, url, **metrics):
        """A page that shares nothing with others but the machine."""
        return Page(self, url, **metrics)

    def stop(self):
        try:
            self.call("Browser.close")
        except (OSError, AssertionError):
            self.process.terminate()
        self.client.drop()
        self.process.wait(PATIENCE)
        self.drain.wait(PATIENCE)
        self.process.stderr.close()
        self.directory.cleanup()
        assert not self.faults, self.faults


class Page:
    def __init__(self, browser, url, **metrics):
        self.browser = browser
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        self.target = browser.call("Target.createTarget", url="about:blank",
                                   browserContextId=self.context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target,
                                    flatten=True)["sessionId"]
        self.call("Runtime.enable")
        self.call("Page.enable")
        # So that it takes what is typed though another page is in front.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        if metrics:
            self.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1,
                      mobile=metrics["width"] < 600, **metrics)
        self.go(url)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def reload(self):
        self.evaluate("window.isOld = true")
        self.call("Page.reload")
        self.wait("!window.isOld && document.readyState === 'complete'")

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        assert "exceptionDetails" not in result, (expression, result["exceptionDetails"])
        return result["result"].get("value")

    def wait(self, condition):
        """Until a condition holds.

        A page that is left takes the question with it, which is asked again."""
        question = f"""new Promise((resolve, reject) => {{
            const end = performance.now() + {PATIENCE / 2 * 1000};
            const look = () => {condition} ? resolve()
                : performance.now() < end ? setTimeout(look, 10)
                : reject(new Error("the page says: " + document.body.innerText));
            look();
        }})"""
        while True:
            try:
                return self.evaluate(question)
            except AssertionError as fault:
                if "context was destroyed" not in str(fault) and \
                        "navigated or closed" not in str(fault):
                    raise

    def type(self, selector, text, enter=False):
        """As a user does, key by key as far as the page can tell."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.evaluate("document.activeElement.select()")
        self.call("Input.insertText", text=text)
        if enter:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
                          windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")

    def click(self, selector):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
