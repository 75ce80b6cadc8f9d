"""WORLD: charts and pages made from promoted bars and published results; computes no regime."""
