"""Messages are one line that any terminal shows."""

from omnilearn.errors import printable


def test_signs_that_control_a_terminal_are_spelled_out():
    assert printable("größer: 'a' \\ 日本") == "größer: 'a' \\ 日本"
    assert printable("a\x1b[31m\nb\0\udc80\u202e\x9b") == "a\\x1b[31m\\nb\\x00\\udc80\\u202e\\x9b"
    assert printable("a\r\tb").isprintable()
