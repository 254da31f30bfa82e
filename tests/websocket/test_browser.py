#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_browser.py COMMAND... - people in real browsers talk to each other.

COMMAND runs the chat in examples/chat.  Skipped where there is no Chromium.
"""
import json
import sys
import unittest

import browser
from client import Program

COMMAND = []
NO_WEBSOCKET = """
    globalThis.WebSocket = class {
        constructor() { setTimeout(() => this.onclose({code: 1006, reason: ""})); }
        close() {}
    };
"""


class Person:
    """Somebody with a page of the chat."""

    def __init__(self, test, name, room="lobby", transport="live", script=None):
        self.page = test.browser.page("about:blank")
        test.addCleanup(self.page.close)
        if script:
            self.page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        url = f"http://127.0.0.1:{test.server.port}/"
        self.page.go(url + (f"?transport={transport}" if transport else ""))
        self.page.type("#name", name)
        self.page.type("#room", room, enter=True)

    def is_in(self, state):
        self.page.wait(f"document.querySelector('#state.good')?.textContent === '{state}'")

    def say(self, text):
        self.page.type("#text", text, enter=True)

    def hears(self, name, text):
        """... this, last of all."""
        self.page.wait("(last => last && last.querySelector('b')?.textContent === "
                       f"{json.dumps(name)} && last.querySelector('.text').textContent === "
                       f"{json.dumps(text)})([...document.querySelectorAll('#log li')]"
                       ".filter(item => !item.matches('.event')).at(-1))")

    def sees(self, *names):
        """... who is here."""
        self.page.wait("JSON.stringify([...document.querySelectorAll('#people span')]"
                       f".map(e => e.textContent)) === {json.dumps(json.dumps(names))}"
                       .replace('\\", \\"', '\\",\\"'))

    def is_told(self, text):
        self.page.wait("[...document.querySelectorAll('#log .event')].at(-1)?.textContent "
                       f"=== {json.dumps(text)}")

    def texts(self):
        return self.page.evaluate("[...document.querySelectorAll('#log .text')]"
                                  ".map(e => e.textContent)")


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.stop()

    def setUp(self):
        self.server = Program([*COMMAND, "-l", "127.0.0.1:0"])
        self.addCleanup(self.server.stop) # which may be done twice

    def talk(self, first, second, state, **how):
        """Two people who come by these ways do what people do."""
        ann = Person(self, "Ann", transport=first)
        ann.is_in({"poll": "polling"}.get(first, "live"))
        ann.sees("Ann")
        ann.say("Is anybody here?")
        ann.hears("Ann", "Is anybody here?")
        bob = Person(self, "Bob", transport=second, **how)
        bob.is_in(state)
        bob.hears("Ann", "Is anybody here?")
        ann.is_told("Bob has come in")
        for person in ann, bob:
            person.sees("Ann", "Bob")
        bob.say("Hi Ann! 🙂")
        ann.hears("Bob", "Hi Ann! 🙂")
        for i in range(5):
            ann.say(f"ping {i}")
            bob.hears("Ann", f"ping {i}")
            bob.say(f"pong {i}")
            ann.hears("Bob", f"pong {i}")
        bob.hears("Bob", "pong 4")
        self.assertEqual(ann.texts(), bob.texts())
        self.assertEqual(len(ann.texts()), 12)
        bob.page.click("#leave")
        ann.is_told("Bob has left")
        ann.sees("Ann")
        return ann, bob

    def test_two_browsers_talk_by_websocket(self):
        self.talk("live", "live", "live")

    def test_two_browsers_talk_by_long_polling(self):
        self.talk("poll", "poll", "polling")

    def test_the_one_way_talks_to_the_other(self):
        self.talk("live", "poll", "polling")

    def test_where_websocket_does_not_get_through_the_page_polls(self):
        self.talk(None, None, "polling", script=NO_WEBSOCKET)

    def test_text_is_never_html(self):
        ann = Person(self, "<i>Ann</i>", "<u>room</u>")
        bob = Person(self, "Bob", "<u>room</u>", transport="poll")
        evil = ('<img src="x" onerror="window.hacked = true"><script>window.hacked = true'
                '</script><b id="text">&amp;\n${hacked}</b>')
        bob.sees("<i>Ann</i>", "Bob")
        ann.say(evil)
        for person in ann, bob:
            person.hears("<i>Ann</i>", evil)
            self.assertFalse(person.page.evaluate(
                "window.hacked || document.querySelectorAll('img, i i, u, .text *, .by i').length"))
        # The page could not even if it wanted to.
        self.assertEqual(bob.page.evaluate(
            "fetch('http://127.0.0.1:9/').catch(e => 'refused')"), "refused")

    def test_who_comes_in_again_is_the_same(self):
        ann = Person(self, "Ann")
        ann.is_in("live")
        ann.say("one")
        ann.hears("Ann", "one")
        bob = Person(self, "Bob")
        bob.sees("Ann", "Bob")
        ann.page.click("#leave")
        bob.is_told("Ann has left")
        bob.say("two")
        bob.hears("Bob", "two")
        ann.page.click("#door button:not([type])")
        ann.hears("Bob", "two")
        self.assertEqual(ann.texts(), ["one", "two"])
        bob.sees("Ann", "Bob")
        bob.page.reload()
        ann.is_told("Bob has left")
        self.assertEqual(bob.page.evaluate("[...document.querySelectorAll('input')]"
                                           ".map(e => e.value)"), ["Bob", "lobby"])

    def test_pages_survive_the_server(self):
        ann, bob = Person(self, "Ann"), Person(self, "Bob", transport="poll")
        ann.sees("Ann", "Bob")
        bob.is_in("polling")
        bob.say("before")
        ann.hears("Bob", "before")
        self.server.stop()
        for person in ann, bob:
            person.page.wait("document.querySelector('#state:not(.good)')")
        ann.is_told("The server is being stopped.")
        again = Program([*COMMAND, "-l", f"127.0.0.1:{self.server.port}"])
        self.addCleanup(again.stop)
        ann.is_in("live")
        bob.is_in("polling")
        ann.say("after")
        bob.hears("Ann", "after")
        self.assertEqual(bob.texts(), ["before", "after"])
        ann.sees("Ann", "Bob")


if __name__ == "__main__":
    if not browser.find():
        print("skipped: there is no Chromium")
        sys.exit(77)
    COMMAND[:] = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
