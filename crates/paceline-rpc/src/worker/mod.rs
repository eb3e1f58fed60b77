//! Serving paceline as one of its workers.
//!
//! paceline starts the test binary with `PACELINE_CONNECT` set, once as the host, which lists the
//! tests, and once for each worker. A worker starts the server when its first test needs it and keeps
//! it between tests. Parallel tests are units of their own, which any worker can take; the sequential
//! ones are one unit, since they share a connection.
//!
//! - `connection`: the socket and the messages; `units`: what there is to run; `serve`: both roles

mod connection;
mod serve;
mod units;

pub(crate) use serve::{Asked, serve};
