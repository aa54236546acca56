"""Submissions in: a folder of downloads as Moodle, Canvas and Gradescope name them becomes `submitted/`.

    downloaded/<assignment>/archive/      what the instructor downloaded, untouched: every attempt is here
      --`unpack`--> regular files  --`names`--> whose they are, for `roster` to look up
      --`choose`--> which of them count  --`plugins`--> nbgrader's zip_collect
    downloaded/<assignment>/extracted/
      counted/<student>/                  the attempt that counts, named as the assignment's notebooks are
      kept/<student>/                     all other files of that student
      unmatched/                          what could not be matched to the roster
      collected.csv                       each file, and what happened to it

nbgrader's grading looks into none of these folders.
"""

from autograder.lms.collect.plugins import LmsCollector, LmsExtractor

__all__ = ["LmsCollector", "LmsExtractor"]
