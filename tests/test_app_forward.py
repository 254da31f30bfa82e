# SPDX-License-Identifier: MIT
"""examples/apps/forward.c: connections passed on."""
import os
import signal
import socket
import struct
import tempfile
import threading
import apps


class Forward(apps.Test):
    def start(self, *options):
        """A forwarder and the listening socket that is its target."""
        target = self.enter(socket.create_server(("127.0.0.1", 0)))
        port = target.getsockname()[1]
        forwarder = self.program("forward", *options, "127.0.0.1:0",
                                 f"127.0.0.1:{port}")
        return forwarder, forwarder.port(), target

    def through(self, port, target):
        """Both ends of a connection through the forwarder."""
        client = self.enter(apps.connect(port))
        return client, self.enter(target.accept()[0])

    def test_passes_both_directions_and_half_closes(self):
        forwarder, port, target = self.start()
        client, server = self.through(port, target)
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(apps.read_all(server), b"question")
        server.sendall(b"the answer")
        server.close()
        self.assertEqual(apps.read_all(client), b"the answer")
        self.assertEqual(forwarder.stop(), (
            0, "1 connections, 0 failed; 8 bytes up, 10 down\n", ""))

    def test_the_target_may_be_the_first_to_finish(self):
        forwarder, port, target = self.start()
        client, server = self.through(port, target)
        server.sendall(b"hello")
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(apps.read_all(client), b"hello")
        client.sendall(b"bye")
        client.close()
        self.assertEqual(apps.read_all(server), b"bye")
        self.assertEqual(forwarder.stop(signal.SIGINT), (
            0, "1 connections, 0 failed; 3 bytes up, 5 down\n", ""))

    def test_no_byte_is_changed_or_lost(self):
        forwarder, port, target = self.start()
        client, server = self.through(port, target)
        data = os.urandom(3_000_000)

        def send(connection):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)

        senders = [threading.Thread(target=send, args=[end], daemon=True)
                   for end in (client, server)]
        for sender in senders:
            sender.start()
        got = []
        reader = threading.Thread(
            target=lambda: got.append(apps.read_all(client)), daemon=True)
        reader.start()
        self.assertTrue(apps.read_all(server) == data)
        for thread in [reader, *senders]:
            thread.join()
        self.assertTrue(got[0] == data)
        self.assertIn("3000000 bytes up, 3000000 down", forwarder.stop()[1])

    def test_many_connections_at_once(self):
        forwarder, port, target = self.start("--verbose")
        pairs = []
        for i in range(200):
            client, server = self.through(port, target)
            client.sendall(b"%d" % i)
            pairs.append((client, server))
        for client, server in pairs:
            client.shutdown(socket.SHUT_WR)
            server.sendall(apps.read_all(server))
            server.close()
        for i, (client, _) in enumerate(pairs):
            self.assertEqual(apps.read_all(client), b"%d" % i)
            client.close()
        status, out, err = forwarder.stop()
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.count("closed: "), 200)
        self.assertIn("200 connections, 0 failed; 490 bytes up, 490 down", out)

    def test_a_target_that_is_not_there(self):
        forwarder, port, target = self.start()
        target.close()
        client = self.enter(apps.connect(port))
        self.assertEqual(apps.read_all(client), b"")
        status, out, err = forwarder.stop()
        self.assertEqual((status, out), (
            0, "1 connections, 1 failed; 0 bytes up, 0 down\n"))
        self.assertIn("Connection refused", err)

    def test_a_connection_that_is_reset(self):
        forwarder, port, target = self.start()
        client, server = self.through(port, target)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        client.close()
        self.assertEqual(apps.read_all(server), b"")
        self.assertEqual(forwarder.stop()[0], 0)

    def test_waits_for_open_connections_when_it_is_stopped(self):
        forwarder, port, target = self.start("--grace", "100")
        client, server = self.through(port, target)
        client.sendall(b"last words")
        self.assertEqual(server.recv(4), b"last")
        forwarder.send(signal.SIGTERM)
        self.assertEqual(server.recv(100), b" words")
        client.close()
        server.close()
        status, out, _ = forwarder.end()
        self.assertEqual((status, out), (
            0, "1 connections, 0 failed; 10 bytes up, 0 down\n"))

    def test_a_second_signal_ends_its_patience(self):
        forwarder, port, target = self.start("--grace", "100")
        client, server = self.through(port, target)
        client.sendall(b"x")
        self.assertEqual(server.recv(1), b"x")
        forwarder.send(signal.SIGTERM)
        apps.await_refusal(port)
        forwarder.send(signal.SIGTERM)
        status, out, _ = forwarder.end()
        self.assertEqual(status, 0)
        self.assertIn("some connections were cut", out)
        self.assertEqual(apps.read_all(client), b"")

    def test_unix_sockets(self):
        folder = self.enter(tempfile.TemporaryDirectory())
        path = os.path.join(folder, "target")
        with socket.socket(socket.AF_UNIX) as target:
            target.bind(path)
            target.listen()
            forwarder = self.program("forward", "127.0.0.1:0", f"unix:{path}")
            client, server = self.through(forwarder.port(), target)
            client.sendall(b"x")
            self.assertEqual(server.recv(1), b"x")

    def test_says_what_is_wrong(self):
        self.check_usage("forward")
        self.assertEqual(apps.run("forward", "127.0.0.1:0")[0], 2)
        self.assertEqual(apps.run("forward", "nonsense", ":1"),
                         (1, "", "forward: nonsense: Invalid argument\n"))


if __name__ == "__main__":
    apps.main()
