//! A JSON-RPC server in the test's own process, for tests of clients and of tests.
//!
//! One port speaks it all: WebSocket, HTTP, and both framings of plain TCP, told apart by the first
//! bytes of a connection. A method can answer, wait, or misbehave as servers do.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::client::{Id, Incoming, RpcError, parse, request, response};
use crate::transport::{FrameReader, Framing, write_frame};

/// What a method that misbehaves sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Raw {
    /// This text as a message.
    Text(String),
    /// These bytes as they are, not as a message; not over WebSocket.
    Bytes(Vec<u8>),
    /// The end of the connection, without a handshake.
    Cut,
}

type Answer = Pin<Box<dyn Future<Output = Result<Value, RpcError>> + Send>>;

#[derive(Clone)]
#[expect(clippy::type_complexity, reason = "each type is used once")]
enum Method {
    Answer(Arc<dyn Fn(Value) -> Answer + Send + Sync>),
    Raw(Arc<dyn Fn(&Id) -> Vec<Raw> + Send + Sync>),
}

struct State {
    methods: Mutex<HashMap<String, Method>>,
    delays: Mutex<HashMap<String, Duration>>,
    subscription: Mutex<Option<Vec<String>>>,
    authorization: Mutex<Option<String>>,
    calls: Mutex<Vec<(String, Value)>>,
    events: broadcast::Sender<String>,
    opened: AtomicUsize,
    closed: AtomicUsize,
    ended: CancellationToken,
}

/// A JSON-RPC server on a port of the loopback interface. It ends when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use paceline_rpc::mock::MockServer;
/// use paceline_rpc::{Client, ClientOptions, Framing};
/// use serde_json::json;
/// use std::time::Duration;
///
/// let server = MockServer::start().await?;
/// server.on("double", |params| Ok(json!(params[0].as_i64().unwrap_or(0) * 2)));
/// let options = ClientOptions::new();
/// let client = Client::tcp(server.address(), Framing::Newline, options).await?;
/// let doubled: i64 = client.call("double", [21]).await?;
/// assert_eq!(doubled, 42);
///
/// server.emit("tick", json!({"n": 1}));
/// let tick = client.wait_for("tick", |_| true, Duration::from_secs(5)).await?;
/// assert_eq!(tick.params["n"], 1);
/// # Ok(())
/// # }
/// ```
pub struct MockServer {
    state: Arc<State>,
    address: SocketAddr,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MockServer {
    /// Starts it on a free port.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    /// Starts it at this address.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (events, _) = broadcast::channel(1024);
        let state = Arc::new(State {
            methods: Mutex::default(),
            delays: Mutex::default(),
            subscription: Mutex::default(),
            authorization: Mutex::default(),
            calls: Mutex::default(),
            events,
            opened: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            ended: CancellationToken::new(),
        });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { state, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its `ws://` URL.
    pub fn websocket_url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// Its `http://` URL; `GET /health` is answered with 200.
    pub fn http_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Answers a method, or replaces its answer.
    pub fn on(
        &self,
        method: &str,
        handler: impl Fn(Value) -> Result<Value, RpcError> + Send + Sync + 'static,
    ) {
        let handler = move |params| -> Answer { Box::pin(std::future::ready(handler(params))) };
        self.insert(method, Method::Answer(Arc::new(handler)));
    }

    /// Answers a method when the future is ready.
    pub fn on_async<F, Fut>(&self, method: &str, handler: F)
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, RpcError>> + Send + 'static,
    {
        let handler = move |params| -> Answer { Box::pin(handler(params)) };
        self.insert(method, Method::Answer(Arc::new(handler)));
    }

    /// Answers a method in any wrong way: with nothing, twice, with garbage, with a cut connection.
    pub fn on_raw(&self, method: &str, handler: impl Fn(&Id) -> Vec<Raw> + Send + Sync + 'static) {
        self.insert(method, Method::Raw(Arc::new(handler)));
    }

    fn insert(&self, method: &str, handler: Method) {
        lock(&self.state.methods).insert(method.to_owned(), handler);
    }

    /// Answers this method only after a while.
    pub fn delay(&self, method: &str, delay: Duration) {
        lock(&self.state.delays).insert(method.to_owned(), delay);
    }

    /// Sends a notification to every connection. A client that has just connected is among them once
    /// it has had an answer.
    pub fn emit(&self, method: &str, params: Value) {
        // Nobody may be connected.
        let _ = self
            .state
            .events
            .send(request(None, method, params, false).to_string());
    }

    /// Sends a text to every connection as a message.
    pub fn emit_raw(&self, text: &str) {
        let _ = self.state.events.send(text.to_owned());
    }

    /// The events of the last call of `subscribe`, which it answers by itself.
    pub fn last_subscription(&self) -> Option<Vec<String>> {
        lock(&self.state.subscription).clone()
    }

    /// The `Authorization` header of the last WebSocket handshake or HTTP request that had one.
    pub fn last_authorization(&self) -> Option<String> {
        lock(&self.state.authorization).clone()
    }

    /// All calls and notifications so far, in the order in which they arrived.
    pub fn calls(&self) -> Vec<(String, Value)> {
        lock(&self.state.calls).clone()
    }

    /// How many connections there have been.
    pub fn opened(&self) -> usize {
        self.state.opened.load(Ordering::SeqCst)
    }

    /// How many of them have ended.
    pub fn closed(&self) -> usize {
        self.state.closed.load(Ordering::SeqCst)
    }

    /// Ends it, and every connection.
    pub fn shutdown(&self) {
        self.state.ended.cancel();
    }

    /// Waits until it was shut down.
    pub async fn ended(&self) {
        self.state.ended.cancelled().await;
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.shutdown();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = state.ended.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            state.opened.fetch_add(1, Ordering::SeqCst);
            let ended = state.ended.clone();
            tokio::select! {
                // How a connection ended is the client's to notice.
                _ = serve(stream, &state) => {}
                () = ended.cancelled() => {}
            }
            state.closed.fetch_add(1, Ordering::SeqCst);
        });
    }
}

async fn serve(stream: TcpStream, state: &Arc<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // A client of plain TCP may wait for an event without ever saying anything, so this cannot wait
    // for its first bytes for ever; the clients of the other protocols speak at once.
    let mut events = state.events.subscribe();
    let mut start = [0; 4];
    let got = tokio::select! {
        got = stream.peek(&mut start) => got?,
        event = events.recv() => {
            let first = event.map_err(io::Error::other)?;
            return plain(stream, state, Framing::Newline, events, Some(first)).await;
        }
    };
    match &start[..got] {
        b"GET " | b"POST" => {
            let mut head = vec![0; 8192];
            let got = stream.peek(&mut head).await?;
            let head = String::from_utf8_lossy(&head[..got]).to_ascii_lowercase();
            if head.contains("upgrade: websocket") {
                websocket(stream, state, events).await
            } else {
                http(stream, state).await
            }
        }
        start if start.eq_ignore_ascii_case(b"cont") => {
            plain(stream, state, Framing::ContentLength, events, None).await
        }
        _ => plain(stream, state, Framing::Newline, events, None).await,
    }
}

async fn plain(
    stream: TcpStream,
    state: &Arc<State>,
    framing: Framing,
    mut events: broadcast::Receiver<String>,
    first: Option<String>,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let (answers, mut to_send) = mpsc::unbounded_channel();
    let state = Arc::clone(state);
    let reading = async move {
        let mut reader = FrameReader::new(read, framing, usize::MAX);
        while let Ok(frame) = reader.next().await {
            handle(&state, &frame, &answers);
        }
    };
    let writing = async {
        if let Some(event) = first {
            write_frame(&mut write, framing, &event).await?;
        }
        loop {
            let raw = tokio::select! {
                raw = to_send.recv() => raw,
                event = events.recv() => event.ok().map(Raw::Text),
            };
            match raw {
                Some(Raw::Text(text)) => write_frame(&mut write, framing, &text).await?,
                Some(Raw::Bytes(bytes)) => write.write_all(&bytes).await?,
                Some(Raw::Cut) | None => return io::Result::Ok(()),
            }
        }
    };
    tokio::select! {
        () = reading => Ok(()),
        result = writing => result,
    }
}

async fn websocket(
    stream: TcpStream,
    state: &Arc<State>,
    mut events: broadcast::Receiver<String>,
) -> io::Result<()> {
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header = request.headers().get("authorization");
        if let Some(value) = header.and_then(|value| value.to_str().ok()) {
            *lock(&state.authorization) = Some(value.to_owned());
        }
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, callback)
        .await
        .map_err(io::Error::other)?;
    let (mut sink, mut source) = socket.split();
    let (answers, mut to_send) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            message = source.next() => match message {
                Some(Ok(Message::Text(text))) => handle(state, text.as_str(), &answers),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            raw = to_send.recv() => match raw {
                Some(Raw::Text(text)) => {
                    sink.send(Message::text(text)).await.map_err(io::Error::other)?;
                }
                Some(Raw::Bytes(bytes)) => {
                    sink.send(Message::binary(bytes)).await.map_err(io::Error::other)?;
                }
                Some(Raw::Cut) | None => return Ok(()),
            },
            event = events.recv() => if let Ok(event) = event {
                sink.send(Message::text(event)).await.map_err(io::Error::other)?;
            },
        }
    }
}

async fn http(stream: TcpStream, state: &Arc<State>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut first = String::new();
        if read.read_line(&mut first).await? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            read.read_line(&mut header).await?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(io::Error::other)?;
            } else if name.eq_ignore_ascii_case("authorization") {
                *lock(&state.authorization) = Some(value.trim().to_owned());
            }
        }
        let mut body = vec![0; length];
        read.read_exact(&mut body).await?;
        let (status, body) = if first.starts_with("GET /health ") {
            ("200 OK", "ok".to_owned())
        } else if first.starts_with("GET ") {
            ("404 Not Found", "no such page".to_owned())
        } else {
            let (answers, mut to_send) = mpsc::unbounded_channel();
            handle(state, &String::from_utf8_lossy(&body), &answers);
            drop(answers);
            match to_send.recv().await {
                Some(Raw::Text(text)) => ("200 OK", text),
                Some(Raw::Bytes(bytes)) => {
                    write.write_all(&bytes).await?;
                    continue;
                }
                Some(Raw::Cut) => return Ok(()),
                None => ("204 No Content", String::new()),
            }
        };
        let length = body.len();
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        write.write_all(response.as_bytes()).await?;
    }
}

/// Answers one frame, in a task of its own, so that a slow answer does not hold up others.
fn handle(state: &Arc<State>, frame: &str, answers: &mpsc::UnboundedSender<Raw>) {
    let is_batch = frame.trim_start().starts_with('[');
    let Ok(messages) = parse(frame) else {
        let error = RpcError::new(RpcError::PARSE_ERROR, "Parse error");
        let text = response(&Id::Null, Err(error)).to_string();
        let _ = answers.send(Raw::Text(text));
        return;
    };
    let (state, answers) = (Arc::clone(state), answers.clone());
    // Noted here, so that the order is that of arrival.
    for message in &messages {
        if let Incoming::Request { method, params, .. }
        | Incoming::Notification { method, params } = message
        {
            lock(&state.calls).push((method.clone(), params.clone()));
        }
    }
    tokio::spawn(async move {
        let mut batch = Vec::new();
        for message in messages {
            match answer(&state, message).await {
                Some(Ok(value)) if is_batch && is_object(&value) => batch.push(value),
                Some(Ok(value)) => {
                    let _ = answers.send(Raw::Text(value.to_string()));
                }
                Some(Err(raw)) => {
                    for raw in raw {
                        let _ = answers.send(raw);
                    }
                }
                None => {}
            }
        }
        if !batch.is_empty() {
            let _ = answers.send(Raw::Text(Value::Array(batch).to_string()));
        }
    });
}

fn is_object(value: &Value) -> bool {
    value.is_object()
}

async fn answer(state: &State, message: Incoming) -> Option<Result<Value, Vec<Raw>>> {
    let (id, method, params) = match message {
        Incoming::Request { id, method, params } => (id, method, params),
        Incoming::Notification { method, params } => {
            // Carried out, though nobody learns what came of it.
            let handler = lock(&state.methods).get(&method).cloned();
            if let Some(Method::Answer(handler)) = handler {
                let _ = handler(params).await;
            }
            return None;
        }
        Incoming::Invalid { id, why, .. } => {
            let error = RpcError::new(RpcError::INVALID_REQUEST, format!("Invalid Request: {why}"));
            return Some(Ok(response(&id.unwrap_or(Id::Null), Err(error))));
        }
        Incoming::Response { .. } => return None,
    };
    let delay = lock(&state.delays).get(&method).copied();
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    let handler = lock(&state.methods).get(&method).cloned();
    let result = match handler {
        Some(Method::Answer(handler)) => handler(params).await,
        Some(Method::Raw(handler)) => return Some(Err(handler(&id))),
        None if method == "subscribe" => {
            let events = params["events"].as_array().cloned().unwrap_or_default();
            let events = events.iter().filter_map(Value::as_str).map(str::to_owned);
            *lock(&state.subscription) = Some(events.collect());
            Ok(Value::Bool(true))
        }
        None => Err(RpcError::new(
            RpcError::METHOD_NOT_FOUND,
            format!("Method not found: {method}"),
        )),
    };
    Some(Ok(response(&id, result)))
}
