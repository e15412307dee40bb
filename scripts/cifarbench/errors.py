"""The one exception that is a user's to mend."""


class UserError(Exception):
    """Something that the user can put right.

    The message is one sentence that names the key, file or value at fault, and what would do instead. It is
    shown without a traceback.
    """
