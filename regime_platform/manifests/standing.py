"""Words for how results stand to the bars in force, for those who show them."""

#: Bars are in force and nothing was computed from them yet.
RESULTS_PENDING = "results pending"
