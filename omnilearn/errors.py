"""What a user did wrong, as opposed to what this code did wrong."""


class UserError(ValueError):
    """A mistake in what the user asked for: one clear line, shown without a traceback, exit code 2."""


class ConfigError(UserError):
    """A mistake in a config or on the command line; the message names the key or the file."""
