//! reqwest: HTTP and JSON. A client is a pool of connections, so a new client is what isolates a
//! test. This one implements `Connect` itself, to know where its server is.

use std::process::ExitCode;

use paceline_rpc::{
    BoxError, Connect, Ctx, Harness, InProcess, TestResult, ensure_eq, ensure_matches,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Makes clients of a server.
struct Api {
    base: String,
}

/// A client, and where its server is.
struct Client {
    http: reqwest::Client,
    base: String,
}

impl Connect for Api {
    type Client = Client;

    async fn connect(&self) -> Result<Client, BoxError> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let base = self.base.clone();
        Ok(Client { http, base })
    }
}

impl Client {
    async fn post(&self, path: &str, body: &Value) -> Result<Value, reqwest::Error> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        request.send().await?.error_for_status()?.json().await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let server = InProcess::new(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        Ok((Api { base }, tokio::spawn(serve(listener))))
    });
    Harness::new(server)
        .test("what is sent comes back", echo)
        .parallel()
        .test("what is not there is not found", |cx| async move {
            let answer = cx.client().post("/gone", &json!({})).await;
            let status = answer.err().and_then(|error| error.status());
            ensure_eq!(status.map(|status| status.as_u16()), Some(404));
            Ok(())
        })
        .parallel()
        .main()
        .await
}

async fn echo(cx: Ctx<Client>) -> TestResult {
    let reply = cx.client().post("/echo", &json!({"text": "hi"})).await?;
    ensure_matches!(reply, {"text": "hi"});
    Ok(())
}

/// As much of HTTP as the tests need.
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            // A client that goes away is no mistake.
            let _ = answer(stream).await;
        });
    }
}

async fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if request.is_empty() {
                request.clone_from(&line);
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let status = match request.split(' ').nth(1) {
            Some("/echo") => "200 OK",
            _ => "404 Not Found",
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.flush().await?;
    }
}
