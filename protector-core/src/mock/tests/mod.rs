//! What the conformance suites cannot ask for: files, time, outages, the oracle, the seed.

mod suites;
