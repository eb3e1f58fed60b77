//! Nothing: the examples are the tests.
