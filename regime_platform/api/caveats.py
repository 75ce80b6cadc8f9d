"""The warning of answers that hold less than was asked for; apart from the errors of the engine."""


class AnswerWarning(UserWarning):
    """What the frame of an answer cannot say: series without one, or how far it is proven."""
