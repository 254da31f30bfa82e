# SPDX-License-Identifier: MIT
"""examples/apps/hello.c: questions and answers by ZeroMQ in one thread."""
import apps


class Hello(apps.Test):
    def test_everybody_is_answered(self):
        status, out, err = apps.run("hello", "--clients", "3", "--count", "5")
        self.assertEqual((status, err), (0, ""))
        lines = out.splitlines()
        for client in 1, 2, 3:
            said = [line for line in lines if f"client {client}" in line]
            self.assertEqual(said, [line for i in range(1, 6) for line in (
                f"server: hello {i} of client {client}",
                f"client {client}: hello {i} of client {client} to you")])
        self.assertEqual(len(lines), 30)

    def test_within_the_process(self):
        status, out, _ = apps.run("hello", "-c", "50", "-n", "2", "inproc://here")
        self.assertEqual((status, len(out.splitlines())), (0, 200))

    def test_says_what_is_wrong(self):
        self.check_usage("hello")
        self.assertEqual(apps.run("hello", "a", "b")[0], 2)
        status, _, err = apps.run("hello", "nonsense:1")
        self.assertEqual(status, 1)
        self.assertIn("hello: nonsense:1: ", err)


if __name__ == "__main__":
    apps.main("hello")
