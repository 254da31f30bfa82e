# SPDX-License-Identifier: MIT
"""examples/apps/unix_server.c and unix_client.c: open files, passed on."""
import os
import shutil
import signal
import socket
import tempfile
import unittest
import apps


class Unix(apps.Test):
    def setUp(self):
        super().setUp()
        self.folder = self.enter(tempfile.TemporaryDirectory())
        self.path = os.path.join(self.folder, "socket")
        self.files = os.path.join(self.folder, "files")
        os.mkdir(self.files)
        self.write("a", b"first\n")
        self.write("b", b"second\n" * 100000)
        self.write(".hidden", b"secret\n")
        self.write("../outside", b"secret\n")
        os.symlink("../outside", os.path.join(self.files, "link"))
        os.mkfifo(os.path.join(self.files, "fifo"))

    def write(self, name, content):
        with open(os.path.join(self.files, name), "wb") as file:
            file.write(content)

    def start(self, *options):
        server = self.program("unix_server", *options, self.path, self.files)
        self.assertEqual(server.line(), f"listening on {self.path}")
        return server

    def ask(self, *names, **options):
        return apps.run("unix_client", self.path, *names, **options)

    def test_prints_what_the_server_opens(self):
        self.start()
        self.assertEqual(self.ask("a"), (0, "first\n", ""))
        status, out, err = self.ask("a", "b", "a")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out == "first\n" + "second\n" * 100000 + "first\n")

    def test_what_is_not_for_clients(self):
        server = self.start("--verbose")
        for name, why in (("none", "No such file or directory"),
                          (".hidden", "Permission denied"),
                          ("..", "Permission denied"),
                          ("../outside", "Permission denied"),
                          ("link", "Too many levels of symbolic links"),
                          ("fifo", "Permission denied"),
                          ("x" * 300, "Invalid argument"),
                          ("a\nb", "Invalid argument")):
            status, out, err = self.ask(name, "a")
            self.assertEqual((status, out), (1, "first\n"), name)
            self.assertEqual(err, f"unix_client: {name}: {why}\n")
        status, out, _ = server.stop()
        self.assertEqual(status, 0)
        self.assertIn(f"user {os.geteuid()}: none: No such file", out)
        self.assertIn(f"user {os.geteuid()}: a: open", out)
        self.assertIn("stopped after 14 requests", out)

    @unittest.skipIf(os.geteuid() != 0, "needs root")
    def test_other_users(self):
        # Where another user may run it from.
        shutil.copy(os.path.join(apps.directory, "unix_client"), self.folder)
        os.chmod(self.folder, 0o755)
        client = os.path.join(self.folder, "unix_client")
        server = self.start("--anyone")
        with apps.Program(client, self.path, "a", user=65534) as program:
            self.assertEqual(program.end(), (0, "first\n", ""))
        self.assertEqual(server.stop()[0], 0)
        server = self.start()
        os.chmod(self.path, 0o666)
        with apps.Program(client, self.path, "a", user=65534) as program:
            self.assertEqual(program.end(), (
                1, "", "unix_client: a: Permission denied\n"))

    def test_the_end_of_the_server(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            server = self.start()
            with socket.socket(socket.AF_UNIX) as idle:
                idle.connect(self.path)
                self.assertEqual(server.stop(signo),
                                 (0, "stopped after 0 requests\n", ""))
                self.assertEqual(idle.recv(1), b"")
            self.assertFalse(os.path.exists(self.path))
        status, _, err = self.ask("a")
        self.assertEqual(status, 1)
        self.assertIn("No such file or directory", err)

    def test_a_server_that_does_not_answer(self):
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(self.path)
            silent.listen()
            status, _, err = apps.run("unix_client", "-t", "0.05", self.path,
                                      "a")
        self.assertEqual((status, err),
                         (1, "unix_client: a: Connection timed out\n"))

    def test_says_what_is_wrong(self):
        self.check_usage("unix_server")
        self.check_usage("unix_client")
        self.assertEqual(apps.run("unix_client", self.path)[0], 2)
        self.assertEqual(apps.run("unix_client", "-t", "x", "a", "b")[0], 2)
        status, _, err = apps.run("unix_server", self.path, "/no/such")
        self.assertEqual(status, 1)
        self.assertIn("/no/such: No such file or directory", err)
        self.start()
        status, _, err = apps.run("unix_server", self.path, self.files)
        self.assertEqual(status, 1)
        self.assertIn("Address already in use", err)


if __name__ == "__main__":
    apps.main()
