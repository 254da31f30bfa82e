# SPDX-License-Identifier: MIT
"""examples/apps/udp_server.c and udp_client.c: datagrams, some of them lost."""
import re
import signal
import socket
import apps


class Udp(apps.Test):
    def start(self, *options):
        server = self.program("udp_server", "-l", "127.0.0.1:0", *options)
        return server, server.port()

    def ask(self, port, *options):
        return apps.run("udp_client", *options, f"127.0.0.1:{port}")

    def peer(self):
        """A socket that a client can be told to ask."""
        peer = self.enter(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        peer.bind(("127.0.0.1", 0))
        return peer, peer.getsockname()[1]

    def test_every_question_is_answered(self):
        server, port = self.start()
        status, out, err = self.ask(port, "-n", "500", "-p", "20",
                                    "-t", "20000")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("500 questions, 500 answers, 0 sent again\nit took", out)
        self.assertEqual(server.stop(), (
            0, "500 datagrams, 500 answered, 0 lost\n", ""))

    def test_the_server_sends_back_what_it_got(self):
        server, port = self.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", port))
            for data in b"", b"x", b"\0\n\xff" * 1000:
                client.send(data)
                self.assertEqual(client.recv(10000), data)
        self.assertEqual(server.stop(signal.SIGINT)[0], 0)

    def test_what_was_lost_is_asked_again(self):
        server, port = self.start("--lose", "3")
        status, out, err = self.ask(port, "-n", "50", "-t", "20", "-r", "10")
        self.assertEqual((status, err), (0, ""))
        again = re.match(r"50 questions, 50 answers, (\d+) sent again", out)
        self.assertGreater(int(again[1]), 10, out)
        status, out, _ = server.stop()
        self.assertRegex(out, r"^\d+ datagrams, \d+ answered, [1-9]\d* lost$")

    def test_slow_answers_do_not_wait_for_each_other(self):
        server, port = self.start("--delay", "100000")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", port))
            for _ in range(3):
                client.send(b"x")
            status, out, _ = server.stop()
        self.assertEqual(status, 0)
        self.assertRegex(out, "^[0-3] datagrams, 0 answered, 0 lost$")

    def test_answers_may_come_in_any_order_and_twice(self):
        peer, port = self.peer()
        client = self.program("udp_client", "-n", "4", "-p", "4",
                              "-t", "50000", f"127.0.0.1:{port}")
        questions = [peer.recvfrom(100) for _ in range(4)]
        peer.sendto(b"nonsense", questions[0][1])
        peer.sendto(b"question 99", questions[0][1])
        for question, address in reversed(questions):
            peer.sendto(question, address)
            peer.sendto(question, address)
        status, out, err = client.end()
        self.assertEqual((status, err), (0, ""))
        self.assertIn("4 questions, 4 answers, 0 sent again", out)

    def test_nobody_answers(self):
        peer, port = self.peer()
        for options in ([], ["--retries", "1"]):
            status, out, _ = self.ask(port, "-n", "3", "-t", "1", "-r", "2",
                                      *options)
            again = 3 if options else 6
            self.assertEqual((status, out), (
                1, f"3 questions, 0 answers, {again} sent again\n"))
        peer.close()
        self.assertEqual(self.ask(port, "-n", "1", "-t", "1", "-r", "0"), (
            1, "1 questions, 0 answers, 0 sent again\n", ""))

    def test_stops_at_a_signal(self):
        peer, port = self.peer()
        for signo in signal.SIGINT, signal.SIGTERM:
            client = self.program("udp_client", "-t", "100000",
                                  f"127.0.0.1:{port}")
            for _ in range(4):
                peer.recv(100)
            self.assertEqual(client.stop(signo), (
                1, "4 questions, 0 answers, 0 sent again\n", ""))

    def test_says_what_is_wrong(self):
        self.check_usage("udp_server")
        self.check_usage("udp_client")
        self.assertEqual(apps.run("udp_client")[0], 2)
        self.assertEqual(apps.run("udp_client", "nonsense"),
                         (1, "", "udp_client: nonsense: Invalid argument\n"))
        self.assertEqual(apps.run("udp_server", "-L", "-1")[0], 2)
        _, port = self.start()
        status, _, err = apps.run("udp_server", "-l", f"127.0.0.1:{port}")
        self.assertEqual(status, 1)
        self.assertIn("Address already in use", err)


if __name__ == "__main__":
    apps.main()
