"""Define the exception for mistakes that the user can correct."""


class UserError(Exception):
    """A mistake that the user can correct.

    The message is one sentence that names the key, file or value and what would be valid. It is shown without a
    traceback.
    """
