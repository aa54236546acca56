"""The candidate's side of the trainer: `keras.Model.fit` on built-in parts becomes a job.

    hook          `fit` itself, in Keras's place once Keras is imported
    told          the call as data              callbacks     Keras's own callbacks as data
    conversation  question and answer           replay        what came of it, as an ordinary `fit` leaves it

It needs `autograder.rpc` of ours and the standard library; Keras and NumPy when they are there.
"""

from autograder.training.kernel_side.hook import install

__all__ = ["install"]
