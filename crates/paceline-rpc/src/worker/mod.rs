//! Serving paceline as one of its workers.
//!
//! paceline starts the test binary with `PACELINE_CONNECT` set, once as the host, which lists the
//! tests, and once for each worker. A worker starts the server when its first test needs it and keeps
//! it between tests. The parallel tests of a file are shared among workers; the sequential ones stay
//! together, since they share a connection.
//!
//! - `connection`: the socket and the messages
//! - `greeting`: who this process is to be, and what it was asked for
//! - `units`: what there is to run; `settings`: what the configuration says of single tests
//! - `host`, `work`: the two roles
//! - `results`: what is told of a test that has run; `places`: files as the engine has them
//! - `log`: what the process itself has printed

mod connection;
mod greeting;
mod host;
mod log;
mod places;
mod results;
mod serve;
mod settings;
mod units;
mod work;

pub(crate) use greeting::Asked;
pub(crate) use serve::serve;
