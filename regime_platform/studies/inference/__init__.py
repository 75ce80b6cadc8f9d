"""The tests of all studies: intervals, placebos, corrections, folds; each alone callable."""
