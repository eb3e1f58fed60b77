//! A port for each server.
//!
//! Binding port 0, closing it and telling the server the number is what everybody does, and two
//! programs that do it at once can get the same one. So ports are taken from below those that the
//! system gives away by itself, and each stays locked in a file for as long as its server lives.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that no other program of this crate uses.
#[derive(Debug)]
pub(crate) struct PortLease {
    pub(crate) port: u16,
    /// Unlocked when dropped.
    _lock: File,
}

impl PortLease {
    pub(crate) fn take() -> io::Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let directory = std::env::temp_dir().join("paceline-rpc-ports");
        create_shared(&directory)?;
        // Programs begin at different places, so that they rarely meet.
        let start = (std::process::id().wrapping_mul(7919) % u32::from(COUNT)) as u16;
        let mut last_error = None;
        for _ in 0..COUNT {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = FIRST + (start.wrapping_add(offset)) % COUNT;
            let opened = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(directory.join(port.to_string()));
            let lock = match opened {
                Ok(file) => file,
                // Another user's.
                Err(error) => {
                    last_error = Some(error);
                    continue;
                }
            };
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(Self { port, _lock: lock });
            }
        }
        Err(last_error.unwrap_or_else(|| io::Error::other("no port is free")))
    }
}

/// A directory that other users can use too.
fn create_shared(directory: &std::path::Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Not ours to change if another user made it; then it has these permissions already.
        let _ = std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o1777));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let leases: Vec<_> = (0..50).map(|_| PortLease::take().unwrap()).collect();
        let mut ports: Vec<_> = leases.iter().map(|lease| lease.port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let first = PortLease::take().unwrap();
        let port = first.port;
        drop(first);
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        for _ in 0..10 {
            assert_ne!(PortLease::take().unwrap().port, port);
        }
    }
}
