"""What people read of a grading.

generate       nbgrader's `generate_feedback`, with our page in it
feedback       a student's page: what is in it           marks      points and comments, exercise by exercise
messages       what a failed test said, in parts         learning   learning curves, and what they say
charts         pictures of it, as SVG                    shown      the notebook, without hidden tests
sanitise       HTML that a student had a hand in         pages      what all pages share
"""
