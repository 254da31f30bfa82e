#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_protocol.py COMMAND... - WebSocket as examples/http/ws_echo.c speaks it.

What RFC 6455 asks of an endpoint in its sections 4 to 7, case by case.  COMMAND
runs ws_echo.  Where node has a WebSocket of its own, that one is asked, too.
"""
import errno
import shutil
import socket
import subprocess
import sys
import unittest

from client import (BINARY, CLOSE, CONTINUATION, PATIENCE, PING, PONG, TEXT, Client,
                    Program, frame, read_head)

COMMAND = []
MAX = 1 << 20  # bytes of a message


class Case(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Program([*COMMAND, "-l", "127.0.0.1:0", *cls.options])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def client(self, path="/", **how):
        client = Client(self.server.port, path, **how)
        self.addCleanup(client.drop)
        return client

    def echoes(self, client, text=b"still here"):
        client.send(TEXT, text)
        self.assertEqual(client.message(), (TEXT, text))

    def is_refused(self, data, code, piece=None):
        """These bytes end a connection that was good before."""
        client = self.client()
        self.echoes(client)
        client.write(data, piece)
        self.assertEqual(client.closed(), (code, b""))

    def ends(self):
        """(code, errno, reason) with which a connection of the server's ended."""
        closed, code, error, reason = self.server.line().split(" ", 3)
        self.assertEqual(closed, "closed")
        return int(code), int(error), reason


class Handshake(Case):
    def ask(self, *lines, host=True):
        """Status and headers of the answer to any request."""
        sock = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)
        self.addCleanup(sock.close)
        lines = [lines[0], *(["Host: here:80"] if host else []), *lines[1:], "", ""]
        sock.sendall("\r\n".join(lines).encode())
        with sock.makefile("rb") as stream:
            return read_head(stream)

    good = ["GET / HTTP/1.1", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]

    def without(self, word):
        return [line for line in self.good if word not in line]

    def test_the_key_of_the_rfc_is_signed_as_the_rfc_says(self):
        status, headers = self.ask(*self.good)
        self.assertEqual(status, 101)
        self.assertEqual(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        self.assertEqual(headers["upgrade"].lower(), "websocket")
        self.assertEqual(headers["connection"].lower(), "upgrade")
        self.assertNotIn("sec-websocket-extensions", headers)

    def test_extensions_and_protocols_are_passed_over(self):
        client = self.client(headers=["Sec-WebSocket-Extensions: permessage-deflate",
                                      "Sec-WebSocket-Protocol: chat, superchat"])
        self.assertEqual(client.status, 101)
        self.assertNotIn("sec-websocket-protocol", client.headers)
        self.echoes(client)

    def test_another_version_is_told_which_one(self):
        for version in ("8", "0", "14", "013", "13, 8", "x", ""):
            status, headers = self.ask(*self.without("Version"),
                                       f"Sec-WebSocket-Version: {version}")
            self.assertEqual(status, 426, version)
            self.assertEqual(headers["sec-websocket-version"], "13")
        self.assertEqual(self.ask(*self.without("Version"))[0], 426)

    def test_a_plain_request_is_told_to_upgrade(self):
        for missing in ("Upgrade: ", "Connection"):
            status, headers = self.ask(*self.without(missing))
            self.assertEqual(status, 426, missing)
            self.assertEqual(headers["upgrade"].lower(), "websocket")

    def test_a_key_that_is_none_is_refused(self):
        self.assertEqual(self.ask(*self.without("Key"))[0], 400)
        for key in ("", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZR==",
                    "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25jZZZZ",
                    "dGhlIHNhbXBsZSBub25jZQ==dGhl"):
            self.assertEqual(self.ask(*self.without("Key"), f"Sec-WebSocket-Key: {key}")[0],
                             400, key)
        self.assertEqual(self.ask(*self.good, self.good[-1])[0], 400)

    def test_only_get_and_http_1_1(self):
        self.assertEqual(self.ask("POST / HTTP/1.1", *self.good[1:])[0], 405)
        self.assertEqual(self.ask("GET / HTTP/1.0", *self.good[1:])[0], 426)

    def test_a_request_with_a_body_is_refused(self):
        self.assertEqual(self.ask(*self.good, "Content-Length: 3")[0], 400)

    def test_pages_of_other_sites_are_kept_out(self):
        for origin, status in (("http://here:80", 101), ("https://HERE:80", 101),
                               ("http://here", 403), ("http://there:80", 403),
                               ("null", 403), ("", 403), ("http://here:80.there", 403)):
            self.assertEqual(self.ask(*self.good, f"Origin: {origin}")[0], status, origin)

    def test_frames_that_come_with_the_request_count(self):
        client = self.client(early=frame(TEXT, b"early") + frame(TEXT, b"two")[:3])
        self.assertEqual(client.message(), (TEXT, b"early"))
        early = frame(TEXT, b"x" * 3000) * 4
        client = self.client(early=early + frame(PING, b"p"))
        for _ in range(4):
            self.assertEqual(client.message(), (TEXT, b"x" * 3000))
        self.assertEqual(client.frame(), (PONG, b"p", True))


class Frames(Case):
    def test_messages_of_all_lengths_come_back(self):
        for kind, byte in ((TEXT, b"*"), (BINARY, b"\xfe")):
            for n in (0, 1, 125, 126, 127, 128, 4095, 4096, 65535, 65536, MAX):
                client = self.client()
                client.send(kind, byte * n)
                self.assertEqual(client.message(), (kind, byte * n), n)

    def test_it_does_not_matter_how_the_bytes_come(self):
        payload = bytes(range(256)) * 40
        for piece in (1, 2, 997, 2048):
            client = self.client()
            part = payload if piece > 2 else payload[:300]
            client.send(BINARY, part, piece=piece)
            self.assertEqual(client.message(), (BINARY, part))
            client.write(frame(TEXT, b"a") + frame(TEXT, b"b" * 70000) + frame(PING, b"c"),
                         max(piece, 500))
            self.assertEqual(client.message(), (TEXT, b"a"))
            self.assertEqual(client.message(), (TEXT, b"b" * 70000))
            self.assertEqual(client.frame(), (PONG, b"c", True))

    def test_reserved_bits_are_refused(self):
        for reserved in range(1, 8):
            for kind in (TEXT, BINARY, PING, CLOSE, CONTINUATION):
                self.is_refused(frame(kind, b"", reserved=reserved), 1002)

    def test_reserved_opcodes_are_refused(self):
        for kind in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.is_refused(frame(kind), 1002)
            self.is_refused(frame(kind, b"payload", fin=False), 1002)

    def test_frames_without_a_mask_are_refused(self):
        for kind in (TEXT, BINARY, PING, PONG, CLOSE):
            self.is_refused(frame(kind, b"", masked=False), 1002)

    def test_lengths_take_the_shortest_form(self):
        self.is_refused(frame(TEXT, b"x" * 125, size=16), 1002)
        self.is_refused(frame(TEXT, b"x" * 125, size=64), 1002)
        self.is_refused(frame(TEXT, b"x" * 65535, size=64)[:300], 1002)
        self.is_refused(frame(TEXT, b"", length=1 << 63), 1002)
        self.is_refused(frame(TEXT, b"", length=(1 << 64) - 1), 1002)

    def test_a_fault_is_seen_in_the_first_two_bytes(self):
        self.is_refused(frame(3, b"whatever")[:2], 1002)
        self.is_refused(frame(PING, b"x" * 126)[:2], 1002)


    def test_a_read_that_runs_out_of_time_loses_nothing(self):
        for ms in (0, 1):
            client = self.client(f"/hurry?ms={ms}")
            data = frame(TEXT, b"x" * 200, fin=False) + frame(PING, b"ping") + \
                frame(CONTINUATION, b"y" * 5000)
            answers = []
            for piece in (data[:1], data[1:5], data[5:100], data[100:216], data[216:220],
                          data[220:3000], data[3000:]):
                while (got := client.frame()) != (TEXT, b"?", True):
                    answers.append(got)
                client.write(piece)
            while len(answers) < 2:
                if (got := client.frame()) != (TEXT, b"?", True):
                    answers.append(got)
            self.assertEqual(answers, [(PONG, b"ping", True),
                                       (TEXT, b"x" * 200 + b"y" * 5000, True)])


class Controls(Case):
    def test_pings_come_back_as_pongs(self):
        for payload in (b"", b"Hello", b"\x00\xff\xfe", b"\xfe" * 125):
            for piece in (None, 1):
                client = self.client()
                client.send(PING, payload, piece=piece)
                self.assertEqual(client.frame(), (PONG, payload, True))
        client = self.client()
        for i in range(10):
            client.send(PING, b"%d" % i)
        for i in range(10):
            self.assertEqual(client.frame(), (PONG, b"%d" % i, True))

    def test_pongs_nobody_asked_for_are_passed_over(self):
        client = self.client()
        client.send(PONG)
        client.send(PONG, b"unasked")
        client.send(PING, b"asked")
        self.assertEqual(client.frame(), (PONG, b"asked", True))

    def test_control_frames_are_short_and_whole(self):
        for kind in (PING, PONG, CLOSE):
            self.is_refused(frame(kind, b"\x03\xe8" + b"x" * 124), 1002)
            self.is_refused(frame(kind, b"", fin=False), 1002)


class Fragments(Case):
    def test_a_message_in_pieces_comes_back_whole(self):
        for kind in (TEXT, BINARY):
            for piece in (None, 1):
                client = self.client()
                client.send(kind, b"frag", fin=False, piece=piece)
                client.send(CONTINUATION, b"", fin=False, piece=piece)
                client.send(CONTINUATION, b"ment", piece=piece)
                self.assertEqual(client.message(), (kind, b"fragment"))
                self.echoes(client)

    def test_empty_pieces_make_an_empty_message(self):
        client = self.client()
        client.send(TEXT, fin=False)
        client.send(CONTINUATION, fin=False)
        client.send(CONTINUATION)
        self.assertEqual(client.message(), (TEXT, b""))

    def test_many_pieces_make_a_long_message(self):
        client = self.client()
        piece = bytes(range(256)) * 4
        client.send(BINARY, piece, fin=False)
        for i in range(1, 1024):
            client.send(CONTINUATION, piece, fin=i == 1023)
        self.assertEqual(client.message(), (BINARY, piece * 1024))

    def test_pings_are_answered_between_pieces(self):
        client = self.client()
        client.send(TEXT, b"frag", fin=False)
        client.send(PING, b"1")
        self.assertEqual(client.frame(), (PONG, b"1", True))
        client.send(CONTINUATION, b"ment", fin=False)
        client.send(PONG, b"unasked")
        client.send(PING, b"2")
        self.assertEqual(client.frame(), (PONG, b"2", True))
        client.send(CONTINUATION, b"s")
        self.assertEqual(client.message(), (TEXT, b"fragments"))

    def test_close_comes_through_between_pieces(self):
        client = self.client()
        client.send(TEXT, b"frag", fin=False)
        client.close(1000)
        self.assertEqual(client.closed(), (1000, b""))

    def test_a_continuation_of_nothing_is_refused(self):
        self.is_refused(frame(CONTINUATION, b"x"), 1002)
        self.is_refused(frame(CONTINUATION, b"x", fin=False), 1002)
        self.is_refused(frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", fin=False) +
                        frame(BINARY, b"c"), 1002)
        client = self.client()
        self.echoes(client)
        client.send(CONTINUATION, b"x")
        self.assertEqual(client.closed(), (1002, b""))

    def test_a_new_message_inside_another_is_refused(self):
        self.is_refused(frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002)
        self.is_refused(frame(TEXT, b"a", fin=False) + frame(BINARY, b"b", fin=False), 1002)


class Text(Case):
    good = ["", "plain", "Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "€", "𐍈", "日本語", "🙂👩‍👩‍👧",
            "\0", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\ufffe",
            "\uffff", "\U00010000", "\U0003fffe", "\U0010ffff", "12345678", "1234567é",
            "123456789é12345678"]
    bad = ["80", "bf", "c0af", "c080", "c180", "c1bf", "e08080", "e09fbf", "eda080", "edbfbf",
           "edad80edb080", "f0808080", "f08fbfbf", "f4908080", "f5808080", "f888808080",
           "fc8480808080", "fe", "ff", "c320", "e28220", "f0908020", "cebae1bdb9cf83ceb5eda0",
           "41424344454647e941", "6161616161616161ff"]
    halves = ["c3", "e2", "e282", "f0", "f09f", "f09f99", "68656c6c6fe282"]

    def test_text_comes_back(self):
        client = self.client()
        for text in self.good:
            self.echoes(client, text.encode())

    def test_characters_may_be_cut_by_frames(self):
        whole = "Hello-µ@ßöäüàá-€𐍈🙂".encode()
        client = self.client()
        client.send(TEXT, whole[:1], fin=False)
        for byte in whole[1:]:
            client.send(CONTINUATION, bytes([byte]), fin=False)
        client.send(CONTINUATION)
        self.assertEqual(client.message(), (TEXT, whole))

    def test_what_is_not_utf_8_is_refused(self):
        for text in self.bad + self.halves:
            self.is_refused(frame(TEXT, bytes.fromhex(text)), 1007)
            self.is_refused(frame(TEXT, bytes.fromhex(text)), 1007, piece=1)
            self.is_refused(frame(TEXT, b"good", fin=False) +
                            frame(CONTINUATION, bytes.fromhex(text)), 1007)

    def test_bad_text_is_noticed_before_its_message_is_complete(self):
        for text in self.bad:
            self.is_refused(frame(TEXT, bytes.fromhex(text), fin=False), 1007)
            self.is_refused(frame(TEXT, bytes.fromhex(text) + b"x" * 1000)[:-900], 1007)

    def test_a_pause_in_a_character_is_no_fault(self):
        client = self.client()
        for text in self.halves:
            client.send(TEXT, bytes.fromhex(text), fin=False)
            client.send(PING)
            self.assertEqual(client.frame(), (PONG, b"", True))
            rest = {"c3": "a9", "e2": "82ac", "e282": "ac", "f0": "9f9982", "f09f": "9982",
                    "f09f99": "82", "68656c6c6fe282": "ac"}[text]
            client.send(CONTINUATION, bytes.fromhex(rest))
            self.assertEqual(client.message(), (TEXT, bytes.fromhex(text + rest)))

    def test_bytes_may_be_anything(self):
        client = self.client()
        for data in self.bad + self.halves:
            client.send(BINARY, bytes.fromhex(data))
            self.assertEqual(client.message(), (BINARY, bytes.fromhex(data)))


class Closing(Case):
    def test_a_close_is_answered_with_its_code(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                     3000, 3999, 4000, 4999):
            for reason in (b"", b"bye", "déjà".encode(), b"x" * 123):
                client = self.client()
                client.close(code, reason)
                self.assertEqual(client.closed(), (code, b""))
                self.assertEqual(self.ends(), (code, errno.EPIPE, reason.decode()))

    def test_a_close_without_a_code_is_answered_by_one(self):
        client = self.client()
        client.send(CLOSE)
        self.assertEqual(client.closed(), (1005, b""))
        self.assertEqual(self.ends(), (1005, errno.EPIPE, ""))

    def test_codes_that_nobody_may_send_are_refused(self):
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            client = self.client()
            client.close(code)
            self.assertEqual(client.closed(), (1002, b""), code)
            self.assertEqual(self.ends(), (1002, errno.EPROTO, ""))

    def test_half_a_code_is_refused(self):
        self.is_refused(frame(CLOSE, b"\x03"), 1002)
        self.ends()

    def test_a_reason_that_is_no_text_is_refused(self):
        for text in Text.bad + Text.halves:
            self.is_refused(frame(CLOSE, b"\x03\xe8" + bytes.fromhex(text)), 1007)
            self.assertEqual(self.ends(), (1007, errno.EPROTO, ""))

    def test_nothing_counts_after_a_close(self):
        for more in (frame(TEXT, b"more"), frame(PING, b"more"), frame(CLOSE, b"\x03\xe9"),
                     frame(3), frame(TEXT, b"x" * 200000)):
            client = self.client()
            client.write(frame(CLOSE, b"\x03\xe8") + more)
            self.assertEqual(client.closed(), (1000, b""))
            self.assertEqual(self.ends(), (1000, errno.EPIPE, ""))

    def test_the_fault_is_told_though_more_is_under_way(self):
        client = self.client()
        client.write(frame(3) + frame(BINARY, b"x" * 200000))
        self.assertEqual(client.closed(), (1002, b""))
        self.ends()

    def test_a_client_that_just_goes_is_lost(self):
        for last in (b"", frame(TEXT, b"half a message")[:9], frame(TEXT, b"frag", fin=False)):
            client = self.client()
            client.write(last)
            client.drop()
            self.assertEqual(self.ends(), (1006, errno.ECONNRESET, ""))

    def test_the_server_closes_and_is_answered(self):
        for path in ("/close", "/beside"):
            client = self.client(path + "?code=4321&reason=that+was+all")
            client.text("go")
            opcode, payload, _ = client.frame()
            self.assertEqual((opcode, payload), (CLOSE, b"\x10\xe1that was all"))
            client.text("crossing")
            client.send(PING, b"crossing")
            client.send(CLOSE, payload[:2] + b"yes")
            self.assertEqual(client.stream.read(), b"")
            self.assertEqual(self.ends(), (4321, errno.EPIPE, "yes"))

    def test_both_may_close_at_once(self):
        client = self.client("/beside?code=4000")
        client.write(frame(TEXT, b"go") + frame(CLOSE, b"\x03\xe8"))
        self.assertIn(client.closed()[0], (1000, 4000))
        self.assertEqual(self.ends()[:2], (1000, errno.EPIPE))

    def test_what_cannot_be_said_is_not(self):
        for what in ("code=1005", "code=1006", "code=999", "code=1100", "code=5000",
                     "code=1000&reason=%ff", "code=1000&reason=" + "x" * 124):
            client = self.client("/close?" + what)
            client.text("go")
            opcode, payload, _ = client.frame()
            self.assertEqual((opcode, payload), (CLOSE, b"\x03\xf3no such code or reason"))
            client.send(CLOSE, payload)
            self.ends()


class Limits(Case):
    options = ("-m", "1000")

    def test_a_message_may_be_that_long(self):
        client = self.client()
        self.echoes(client, b"x" * 1000)
        client.send(TEXT, b"x" * 600, fin=False)
        client.send(CONTINUATION, b"x" * 400, fin=False)
        client.send(CONTINUATION)
        self.assertEqual(client.message(), (TEXT, b"x" * 1000))

    def test_a_longer_one_is_refused_by_its_head(self):
        for n in (1001, 65536, 1 << 62):
            client = self.client()
            client.write(frame(BINARY, length=n))
            self.assertEqual(client.closed(), (1009, b""))
            self.assertEqual(self.ends(), (1009, errno.EMSGSIZE, ""))

    def test_all_pieces_together_count(self):
        self.is_refused(frame(TEXT, b"x" * 600, fin=False) +
                        frame(CONTINUATION, b"x" * 401)[:8], 1009)
        self.ends()


class Senders(Case):
    def test_messages_of_many_greenlets_stay_whole(self):
        client = self.client("/many?n=20")
        for n in (10, 200000):
            payload = bytes(range(256)) * (n // 256 + 1)
            client.send(BINARY, payload)
            for i in range(20):
                self.assertEqual(client.message(), (BINARY, payload))

    def test_what_waits_to_be_sent_does_not_keep_a_close_from_coming(self):
        client = self.client("/many?n=20")
        client.send(BINARY, b"x" * 500000)
        client.message()
        client.close()
        while (answer := client.message())[0] != CLOSE:
            self.assertEqual(answer, (BINARY, b"x" * 500000))
        self.assertEqual(answer, (CLOSE, b"\x03\xe8"))


class Alive(Case):
    options = ("-p", "20", "-d", "600000")

    def test_a_silent_client_is_asked_and_stays_if_it_answers(self):
        client = self.client()
        for _ in range(5):
            self.assertEqual(client.frame(), (PING, b"", True))
            client.send(PONG)
        self.echoes(client)

    def test_it_is_asked_in_the_midst_of_a_message(self):
        client = self.client()
        data = frame(TEXT, b"slow")
        client.write(data[:-2])
        self.assertEqual(client.frame(), (PING, b"", True))
        client.write(data[-2:])
        self.assertEqual(client.message(), (TEXT, b"slow"))


class Dead(Case):
    options = ("-p", "20", "-d", "20")

    def test_a_client_that_answers_no_ping_is_dead(self):
        client = self.client()
        self.assertEqual(client.frame(), (PING, b"", True))
        self.assertEqual(client.stream.read(), b"")
        self.assertEqual(self.ends(), (1006, errno.ETIME, ""))


class Unanswered(Case):
    options = ("-s", "50")

    def test_a_client_that_takes_nothing_is_given_up(self):
        client = self.client("/many?n=300", receive_buffer=4096)
        client.send(BINARY, b"x" * 60000)
        self.assertEqual(self.ends()[1:], (errno.ETIME, ""))

    def test_a_close_is_not_waited_for_without_end(self):
        for path in ("/close", "/beside"):
            client = self.client(path)
            client.text("go")
            self.assertEqual(client.frame(), (CLOSE, b"\x03\xe8", True))
            self.assertEqual(client.stream.read(), b"")
            self.assertEqual(self.ends(), (1006, errno.ETIME, ""))


class Stop(unittest.TestCase):
    def test_clients_are_told_when_the_server_stops(self):
        server = Program([*COMMAND, "-l", "127.0.0.1:0"])
        clients = [Client(server.port) for _ in range(10)]
        for client in clients:
            client.text("are you there?")
            client.message()
        clients[0].send(TEXT, b"half", fin=False)
        server.terminate()
        for client in clients:
            with client:
                opcode, payload, _ = client.frame()
                self.assertEqual((opcode, payload), (CLOSE, b"\x03\xe9the server stops"))
                client.send(CLOSE, payload[:2])
                self.assertEqual(client.stream.read(), b"")
        status, out = server.wait()
        self.assertEqual(status, 0)
        self.assertEqual(out.count(f"closed 0 {errno.ECANCELED}"), 10)


NODE = """
const socket = new WebSocket(process.argv[1]);
const sent = ["", "héllo 🙂", "x".repeat(70000), new Uint8Array([0, 255, 128])];
const got = [];
socket.binaryType = "arraybuffer";
socket.onopen = () => sent.forEach(message => socket.send(message));
socket.onmessage = event => {
    const same = typeof event.data === "string" ? event.data === sent[got.length]
        : Buffer.from(event.data).equals(Buffer.from(sent[got.length]));
    got.push(same);
    if (got.length === sent.length)
        socket.close(4001, "enough");
};
socket.onerror = event => console.log("error", event.message);
socket.onclose = event => {
    console.log(got.join(), event.code, event.wasClean);
    process.exit();
};
"""


class Node(Case):
    def test_the_client_of_node_agrees(self):
        node = shutil.which("node")
        for flags in ([], ["--experimental-websocket"]):
            if node and subprocess.run([node, *flags, "-e", "new WebSocket('ws://[')"],
                                       stderr=subprocess.PIPE, check=False
                                       ).stderr.count(b"SyntaxError"):
                break
        else:
            self.skipTest("there is no node with a WebSocket")
        result = subprocess.run([node, *flags, "-e", NODE,
                                 f"ws://127.0.0.1:{self.server.port}/"],
                                stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.assertEqual(result.stdout, b"true,true,true,true 4001 true\n")
        self.assertEqual(self.ends(), (4001, errno.EPIPE, "enough"))


if __name__ == "__main__":
    COMMAND[:] = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
