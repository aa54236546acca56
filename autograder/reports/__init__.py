"""What people read of a grading.

generate        nbgrader's `generate_feedback`, with our page in it
feedback        a student's page: what is in it            exercises   points and comments, exercise by exercise
test_messages   what a failed test said, in parts          learning    learning curves, and what they say
trained_models  a model that a test used                   charts      pictures of it, as SVG
shown           the notebook, without hidden tests         sanitize    HTML that a student had a hand in
class_*         the page about a class                     formgrader  what formgrader shows, made inert
pages           what all pages share
"""
