//! A daemon that keeps accounts: JSON-RPC 2.0 over WebSocket at `/rpc`, and `GET /health`.
//!
//! Usage: `ledger --port PORT [--token TOKEN]`

mod ledger;
mod rpc;

use std::process::ExitCode;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, broadcast};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::ledger::Ledger;

pub struct Shared {
    pub ledger: Mutex<Ledger>,
    /// Every change of a balance, for those who have subscribed.
    pub changes: broadcast::Sender<rpc::Change>,
    token: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut port = 0_u16;
    let mut token = None;
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        match (option.as_str(), args.next()) {
            ("--port", Some(value)) => match value.parse() {
                Ok(number) => port = number,
                Err(_) => return usage(&format!("`{value}` is not a port")),
            },
            ("--token", Some(value)) => token = Some(value),
            _ => return usage(&format!("`{option}` is not an option with a value")),
        }
    }
    let listener = match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("listening at port {port}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let shared = Arc::new(Shared {
        ledger: Mutex::default(),
        changes: broadcast::channel(1024).0,
        token,
    });
    if let Ok(address) = listener.local_addr() {
        println!("listening on {address}");
    }
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(connection(stream, Arc::clone(&shared)));
                }
            }
            () = terminated() => {
                println!("stopping");
                return ExitCode::SUCCESS;
            }
        }
    }
}

fn usage(why: &str) -> ExitCode {
    eprintln!("{why}\nusage: ledger --port PORT [--token TOKEN]");
    ExitCode::from(2)
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = [0; 64];
    let Ok(got) = stream.peek(&mut head).await else {
        return;
    };
    if head[..got].starts_with(b"GET /health ") {
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
        // Whoever asked may have gone.
        let _ = stream.write_all(response.as_bytes()).await;
        return;
    }
    let wanted = shared.token.clone();
    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let check = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header = request.headers().get("authorization");
        let given = header.and_then(|value| value.to_str().ok());
        let allowed = wanted.is_none_or(|token| given == Some(&format!("Bearer {token}")));
        let (status, why) = match (request.uri().path(), allowed) {
            ("/rpc", true) => return Ok(response),
            ("/rpc", false) => (401, "a token is needed"),
            _ => (404, "no such page"),
        };
        let mut refused = ErrorResponse::new(Some(why.to_owned()));
        *refused.status_mut() = status.try_into().unwrap_or_default();
        Err(refused)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else {
        return;
    };
    let (mut sink, mut source) = socket.split();
    let mut changes = shared.changes.subscribe();
    let mut session = rpc::Session::default();
    loop {
        let reply = tokio::select! {
            message = source.next() => match message {
                Some(Ok(Message::Text(text))) => session.handle(text.as_str(), &shared).await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => None,
            },
            change = changes.recv() => match change {
                Ok(change) => session.announce(&change),
                Err(_) => None,
            },
        };
        if let Some(reply) = reply
            && sink.send(Message::text(reply)).await.is_err()
        {
            return;
        }
    }
}
