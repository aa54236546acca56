"""The candidate's side of the trainer: `keras.Model.fit` on built-in parts becomes a job.

    hook      `fit` itself, in Keras's place once Keras is imported
    request   the call as data     callbacks   Keras's own callbacks as data
    replay    what came of it, as an ordinary `fit` leaves it

It needs `rpc`, `keras_codec`, and `training.protocol`; once Keras is imported, NumPy and `training.fit_messages` too.
"""

from autograder.training.kernel_side.hook import install

__all__ = ["install"]
