//! Tests of the client against a server in the process.
