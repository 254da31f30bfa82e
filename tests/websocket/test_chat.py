#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_chat.py COMMAND... - the chat in examples/chat, as its pages see it.

COMMAND runs the chat.  What browsers make of it is for test_browser.py.
"""
import hashlib
import http.client
import json
import socket
import struct
import sys
import unittest
import urllib.parse

from client import BINARY, CLOSE, PATIENCE, TEXT, Client, Program, frame, read_head

COMMAND = []
INBOX, BACKLOG, LONGEST = 100, 50, 4000  # of chat.h


def query(**params):
    return urllib.parse.urlencode(params)


def key(name):
    """A key that is always the same for a name; pages make random ones."""
    return hashlib.md5(repr(name).encode()).hexdigest()


class Live:
    """A member by WebSocket."""

    def __init__(self, test, name, room="lobby", **how):
        params = {"name": name, "room": room, "key": how.pop("key", key(name)),
                  "after": how.pop("after", 0)}
        self.client = Client(test.server.port, "/live?" + query(**params), **how)
        test.addCleanup(self.client.drop)

    def note(self):
        opcode, payload = self.client.message()
        assert opcode == TEXT, payload
        return json.loads(payload)

    def notes(self, n):
        return [self.note() for _ in range(n)]

    def say(self, text):
        self.client.text(text)

    def closed(self):
        """(code, reason) with which the server has closed; it is answered."""
        opcode, payload = self.client.message()
        assert opcode == CLOSE, payload
        self.client.send(CLOSE, payload[:2])
        assert self.client.stream.read() == b""
        self.client.drop()
        return struct.unpack(">H", payload[:2])[0], payload[2:].decode()


class Poll:
    """A member by long polling."""

    def __init__(self, test, name, room="lobby", after=0):
        self.http = http.client.HTTPConnection("127.0.0.1", test.server.port, PATIENCE)
        test.addCleanup(self.http.close)
        self.key, self.next, self.waiting = key(name + " polls"), 0, []
        self.entered = self.ask("POST", "enter", name=name, room=room, after=after)[0]

    def ask(self, method, path, body=None, headers=(), **params):
        params = {"key": self.key, **params}
        self.http.request(method, f"/{path}?" + query(**params), body, dict(headers))
        answer = self.http.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data[:1] == b"{" else data

    def poll(self):
        return self.ask("GET", "poll", **{"from": self.next})

    def note(self):
        while not self.waiting:
            status, got = self.poll()
            assert status == 200 and "code" not in got, (status, got)
            self.next, self.waiting = got["next"], got["notes"]
        return self.waiting.pop(0)

    def notes(self, n):
        return [self.note() for _ in range(n)]

    def say(self, text):
        status, _ = self.ask("POST", "say", text.encode())
        assert status == 204, status


def brief(note):
    """A note without what differs each time."""
    return {name: value for name, value in note.items() if name not in ("id", "time")}


class Case(unittest.TestCase):
    options = ()

    def setUp(self):
        self.server = Program([*COMMAND, "-l", "127.0.0.1:0", *self.options])
        self.addCleanup(self.server.stop)

    def hears(self, member, *notes):
        self.assertEqual([brief(note) for note in member.notes(len(notes))], list(notes))

    def ask(self, method, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, PATIENCE)
        self.addCleanup(connection.close)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def welcome(name, *people, room="lobby"):
    return {"type": "welcome", "room": room, "name": name, "people": [name, *people]}


def came(name):
    return {"type": "came", "name": name}


def went(name):
    return {"type": "went", "name": name}


def said(name, text):
    return {"type": "said", "name": name, "text": text}


class Both:
    """What does not depend on the way."""

    def test_two_talk_to_each_other(self):
        ann = self.member("Ann")
        self.hears(ann, welcome("Ann"))
        bob = self.member("Bob")
        self.hears(bob, welcome("Bob", "Ann"))
        self.hears(ann, came("Bob"))
        text = "Hi \"Bob\"\\!\n\x01\0é🙂 <b>"
        ann.say(text)
        first = bob.note()
        self.assertEqual(brief(first), said("Ann", text))
        bob.say("Hi")
        second = bob.note()
        self.assertEqual(brief(second), said("Bob", "Hi"))
        self.assertLess(first["id"], second["id"])
        self.assertEqual(ann.notes(2), [first, second])

    def test_rooms_do_not_hear_each_other(self):
        ann, bob = self.member("Ann", "one"), self.member("Bob", "two")
        self.hears(ann, welcome("Ann", room="one"))
        self.hears(bob, welcome("Bob", room="two"))
        ann.say("in one")
        bob.say("in two")
        self.hears(ann, said("Ann", "in one"))
        self.hears(bob, said("Bob", "in two"))
        self.assertEqual(json.loads(self.ask("GET", "/rooms")[2]),
                         [{"name": "two", "people": 1}, {"name": "one", "people": 1}])

    def test_who_comes_later_is_told_what_was_said_last(self):
        ann = self.member("Ann")
        self.hears(ann, welcome("Ann"))
        ids = []
        for i in range(BACKLOG + 10):
            ann.say(f"{i}")
            ids.append(ann.note()["id"])
        bob = self.member("Bob")
        self.hears(bob, welcome("Bob", "Ann"), *(said("Ann", f"{i}")
                                                 for i in range(10, BACKLOG + 10)))
        carol = self.member("Carol", after=ids[-3])
        self.assertEqual(carol.note()["type"], "welcome")
        self.hears(carol, said("Ann", f"{BACKLOG + 8}"), said("Ann", f"{BACKLOG + 9}"))
        carol.say("that was all")
        self.hears(carol, said("Carol", "that was all"))

    def test_nothing_is_not_said(self):
        ann = self.member("Ann")
        self.hears(ann, welcome("Ann"))
        for text in ("", " ", "\n\t \n"):
            ann.say(text)
        ann.say("something \n")
        self.hears(ann, said("Ann", "something"))


class ByWebSocket(Both, Case):
    def member(self, name, room="lobby", **how):
        return Live(self, name, room, **how)

    def test_leaving_is_told(self):
        ann, bob = Live(self, "Ann"), Live(self, "Bob")
        self.hears(ann, welcome("Ann"), came("Bob"))
        self.hears(bob, welcome("Bob", "Ann"))
        bob.client.close()
        self.assertEqual(bob.client.closed(), (1000, b""))
        self.hears(ann, went("Bob"))
        carol = Live(self, "Carol")
        self.hears(ann, came("Carol"))
        carol.client.drop()
        self.hears(ann, went("Carol"))

    def test_one_who_has_lost_its_connection_takes_its_place_again(self):
        ann, old = Live(self, "Ann"), Live(self, "Bob")
        self.hears(old, welcome("Bob", "Ann"))
        new = Live(self, "Bob")
        self.hears(new, welcome("Bob", "Ann"))
        self.assertEqual(old.closed(), (4001, "came in again"))
        zoe = Live(self, "Zoe", key=key("Bob"))
        self.assertEqual(new.closed(), (4001, "came in again"))
        self.hears(ann, welcome("Ann"), came("Bob"), went("Bob"), came("Zoe"))
        self.hears(zoe, welcome("Zoe", "Ann"))

    def test_a_name_is_one_member_s(self):
        first = Live(self, "Ann", key="1" * 32)
        second = Live(self, "Ann", key="2" * 32)
        third = Live(self, "Ann", key="3" * 32)
        self.hears(second, welcome("Ann 2", "Ann"), came("Ann 3"))
        self.hears(third, welcome("Ann 3", "Ann 2", "Ann"))
        self.hears(first, welcome("Ann"), came("Ann 2"), came("Ann 3"))
        longest = "\U0001f642" * 24
        self.assertEqual(self.first_name(longest, "4"), longest)
        self.assertEqual(self.first_name(longest, "5"), longest[:-1] + " 3")

    def first_name(self, name, digit):
        return Live(self, name, key=digit * 32).note()["name"]

    def test_names_that_are_none_are_refused(self):
        for name in ("", " ", "x" * 25, "\x07", "a\nb", "\x7f", "é" * 25):
            self.assertEqual(Live(self, name).closed(), (1008, "no such name"), name)
            self.assertEqual(Live(self, "Ann", name).closed(), (1008, "no such name"))
        for bad in ("", "x" * 32, "1" * 31, "1" * 33):
            self.assertEqual(Live(self, "Ann", key=bad).closed(), (1008, "no such name"))
        self.assertEqual(Live(self, b"\xff").closed(), (1008, "no such name"))
        self.assertEqual(Live(self, "  é" + "x" * 23 + " ").note()["name"], "é" + "x" * 23)

    def test_what_is_too_long_ends_the_connection(self):
        ann = Live(self, "Ann")
        self.hears(ann, welcome("Ann"))
        ann.say("x" * LONGEST)
        self.hears(ann, said("Ann", "x" * LONGEST))
        ann.client.send(BINARY, b"not text")
        ann.say("x" * (LONGEST + 1))
        self.assertEqual(ann.closed(), (1009, ""))

    def test_a_slow_one_holds_nobody_up_and_is_dropped(self):
        ann, slow = Live(self, "Ann"), Live(self, "Slow", receive_buffer=4096)
        self.hears(ann, welcome("Ann"), came("Slow"))
        for i in range(INBOX * 5):
            ann.say(f"{i} " + "x" * 3000)
            self.assertTrue(ann.note()["text"].startswith(f"{i} "))
        self.assertEqual(slow.note()["type"], "welcome")
        got = []
        while (message := slow.client.message())[0] == TEXT:
            got.append(json.loads(message[1]))
        self.assertEqual(message, (CLOSE, struct.pack(">H", 1008) + b"too slow"))
        slow.client.close(1008)
        slow.client.drop()
        self.assertLess(len(got), INBOX * 5)
        self.assertEqual([int(note["text"].split()[0]) for note in got], list(range(len(got))))
        self.hears(ann, went("Slow"))
        again = Live(self, "Slow", after=got[-1]["id"])
        self.assertEqual(len(again.notes(1 + BACKLOG)), 1 + BACKLOG)

    def test_many_at_once_are_not_taken_for_slow(self):
        ann = Live(self, "Ann")
        self.hears(ann, welcome("Ann"))
        names = {f"{i}" for i in range(2 * INBOX)}
        many = [Live(self, name) for name in names]
        self.hears_all(ann, "came", names)
        for member in many:
            member.say("me, too")
        self.hears_all(ann, "said", names)
        for member in many:
            member.client.drop()
        self.hears_all(ann, "went", names)

    def hears_all(self, member, kind, names):
        notes = member.notes(len(names))
        self.assertEqual({note["type"] for note in notes}, {kind})
        self.assertEqual({note["name"] for note in notes}, names)

    def test_one_who_does_not_stop_is_heard_by_all(self):
        ann, bob = Live(self, "Ann"), Live(self, "Bob")
        self.hears(ann, welcome("Ann"), came("Bob"))
        self.hears(bob, welcome("Bob", "Ann"))
        for turn in range(10):
            texts = [f"{turn} {i}" for i in range(INBOX - 1)]
            bob.client.write(b"".join(frame(TEXT, text.encode()) for text in texts))
            for member in ann, bob:
                self.hears(member, *(said("Bob", text) for text in texts))


class ByPolling(Both, Case):
    def member(self, name, room="lobby", **how):
        return Poll(self, name, room, **how)

    def test_leaving_is_told(self):
        ann, bob = Poll(self, "Ann"), Poll(self, "Bob")
        self.hears(ann, welcome("Ann"), came("Bob"))
        self.assertEqual(bob.ask("POST", "leave")[0], 204)
        self.hears(ann, went("Bob"))
        self.assertEqual(bob.poll(), (410, {"code": 1006, "reason": "unknown"}))
        self.assertEqual(bob.ask("POST", "say", b"x")[0], 410)
        self.assertEqual(bob.ask("POST", "leave")[0], 204)

    def test_what_has_not_arrived_is_sent_again(self):
        ann = Poll(self, "Ann")
        self.hears(ann, welcome("Ann"))
        ann.say("one")
        first = ann.poll()
        self.assertEqual(ann.poll(), first)
        ann.say("two")
        second = ann.poll()
        self.assertEqual([brief(note) for note in second[1]["notes"]],
                         [said("Ann", "one"), said("Ann", "two")])
        ann.next = first[1]["next"]
        self.hears(ann, said("Ann", "two"))

    def test_an_answer_comes_when_there_is_something_to_tell(self):
        ann, bob = Poll(self, "Ann"), Live(self, "Bob")
        self.hears(ann, welcome("Ann"), came("Bob"))
        self.hears(bob, welcome("Bob", "Ann"))
        ann.http.request("GET", f"/poll?key={ann.key}&from={ann.next}")
        bob.say("now")
        notes = json.loads(ann.http.getresponse().read())["notes"]
        self.assertEqual([brief(note) for note in notes], [said("Bob", "now")])

    def test_one_who_asks_too_seldom_is_dropped(self):
        ann, bob = Poll(self, "Ann"), Live(self, "Bob")
        self.hears(bob, welcome("Bob", "Ann"))
        for i in range(INBOX + 1):
            bob.say(f"{i}")
            bob.note()
        status, got = ann.poll()
        self.assertEqual((status, got["notes"], got["code"], got["reason"]),
                         (200, [], 1008, "too slow"))
        self.hears(bob, went("Ann"))

    def test_coming_in_again_takes_the_same_place(self):
        ann, bob = Live(self, "Ann"), Poll(self, "Bob")
        again = Poll(self, "Bob")
        self.hears(again, welcome("Bob", "Ann"))
        bob.say("by the same key")
        self.hears(ann, welcome("Ann"), came("Bob"), said("Bob", "by the same key"))

    def test_what_cannot_be_is_refused(self):
        ann = Poll(self, "Ann")
        for body, status in ((b"x" * LONGEST, 204), (b"x" * (LONGEST + 1), 413),
                             (b"\xff", 400), (b"ok\xe2\x82", 400)):
            self.assertEqual(ann.ask("POST", "say", body)[0], status)
        self.assertEqual(Poll(self, "").entered, 400)
        self.assertEqual(Poll(self, "Ann", "\n").entered, 400)
        self.assertEqual(ann.ask("GET", "poll", key="0" * 32)[0], 410)
        foreign = {"Origin": "http://elsewhere"}.items()
        for path in ("enter", "say", "leave"):
            self.assertEqual(ann.ask("POST", path, b"x", foreign, name="A", room="a")[0], 403)
        self.assertEqual(Live(self, "Bob", headers=["Origin: http://elsewhere"]).client.status,
                         403)


class Silent(Case):
    options = ("-t", "0.5")

    def test_one_who_asks_no_more_has_left(self):
        ann = Live(self, "Ann")
        bob = Poll(self, "Bob")
        self.hears(ann, welcome("Ann"), came("Bob"), went("Bob"))
        self.assertEqual(bob.poll()[0], 410)

    def test_one_who_waits_for_an_answer_has_not(self):
        ann, other = Live(self, "Ann"), Live(self, "Other", "elsewhere")
        bob = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)
        self.addCleanup(bob.close)
        me = query(key=key("Bob"), name="Bob", room="lobby", **{"from": 1})
        bob.sendall(f"POST /enter?{me} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
                    f"GET /poll?{me} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.hears(ann, welcome("Ann"), came("Bob"))
        Poll(self, "Zoe", "elsewhere")
        self.hears(other, welcome("Other", room="elsewhere"), came("Zoe"), went("Zoe"))
        ann.say("Are you there?")
        with bob.makefile("rb") as stream:
            self.assertEqual(read_head(stream)[0], 204)
            status, headers = read_head(stream)
            got = json.loads(stream.read(int(headers["content-length"])))
        self.assertEqual((status, [brief(note) for note in got["notes"]]),
                         (200, [said("Ann", "Are you there?")]))


class Page(Case):
    def test_the_page_may_load_nothing_from_elsewhere(self):
        status, headers, body = self.ask("GET", "/")
        self.assertEqual(status, 200)
        self.assertEqual(headers["content-type"], "text/html; charset=utf-8")
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertIn(b"<!doctype html>", body)
        self.assertNotIn(b"innerHTML", body)


class Stop(Case):
    def test_everybody_is_told_when_the_server_stops(self):
        poll = Poll(self, "poll")
        self.hears(poll, welcome("poll"))
        lives = [Live(self, f"live {i}") for i in range(5)]
        self.hears(lives[-1], welcome("live 4", *(f"live {i}" for i in (3, 2, 1, 0)), "poll"))
        self.hears(poll, *(came(f"live {i}") for i in range(5)))
        poll.http.request("GET", f"/poll?key={poll.key}&from={poll.next}")
        self.ask("GET", "/rooms") # what came before it has been seen when this is answered
        self.server.terminate()
        answer = poll.http.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())), (200, {
            "next": poll.next, "notes": [], "code": 1001, "reason": "the server stops"}))
        for i, member in enumerate(lives):
            member.notes(5 - i if i < 4 else 0) # the welcome, and who came later
            self.assertEqual(member.closed(), (1001, "the server stops"))
        self.assertEqual(self.server.wait(), (0, ""))


if __name__ == "__main__":
    COMMAND[:] = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
