"""A unittest suite, run by the program itself."""

import io
import unittest
from unittest import mock


class Stack:
    def __init__(self):
        self._items = []

    def push(self, item):
        self._items.append(item)

    def pop(self):
        if not self._items:
            raise IndexError("pop from empty stack")
        return self._items.pop()


class StackTest(unittest.TestCase):
    def setUp(self):
        self.stack = Stack()

    def test_last_in_first_out(self):
        for item in (1, 2, 3):
            self.stack.push(item)
        self.assertEqual([self.stack.pop() for _ in range(3)], [3, 2, 1])

    def test_empty(self):
        with self.assertRaisesRegex(IndexError, "empty"):
            self.stack.pop()

    def test_many(self):
        for count in (0, 1, 100):
            with self.subTest(count=count):
                for item in range(count):
                    self.stack.push(item)
                self.assertEqual(len(self.stack._items), count)

    @mock.patch("builtins.print")
    def test_mock(self, printed):
        print("unseen")
        printed.assert_called_once_with("unseen")

    @unittest.skip("to show a skipped one")
    def test_skipped(self):
        self.fail("never")

    @unittest.expectedFailure
    def test_known_to_fail(self):
        self.assertEqual(0.1 + 0.2, 0.3)


suite = unittest.defaultTestLoader.loadTestsFromTestCase(StackTest)
result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=2).run(suite)
print(result.testsRun, len(result.failures), len(result.errors), len(result.skipped), len(result.expectedFailures))
print(result.wasSuccessful())
