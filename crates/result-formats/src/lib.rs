//! Load generators' result files as domain runs
