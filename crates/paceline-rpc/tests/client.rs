//! The JSON-RPC client over every transport, against a server that answers, waits or misbehaves.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use paceline_rpc::mock::{MockServer, Raw};
use paceline_rpc::{
    CallError, Client, ClientOptions, CloseReason, Direction, Framing, IdStyle, RpcError, WaitError,
};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};

/// Long enough that only a hang reaches it.
const LONG: Duration = Duration::from_secs(60);
/// For what must not come: with a paused clock, no time at all.
const SHORT: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    WebSocket,
    Http,
    Lines,
    Lengths,
}

const ALL: [Over; 4] = [Over::WebSocket, Over::Http, Over::Lines, Over::Lengths];
/// Those on which the server can speak unasked.
const STREAMS: [Over; 2] = [Over::WebSocket, Over::Lines];

async fn connect_with(server: &MockServer, over: Over, options: ClientOptions) -> Client {
    match over {
        Over::WebSocket => Client::websocket(&server.websocket_url(), options).await,
        Over::Http => Client::http(&server.http_url(), options).await,
        Over::Lines => Client::tcp(server.address(), Framing::Newline, options).await,
        Over::Lengths => Client::tcp(server.address(), Framing::ContentLength, options).await,
    }
    .unwrap()
}

async fn connect(server: &MockServer, over: Over) -> Client {
    connect_with(server, over, ClientOptions::new()).await
}

async fn echo() -> MockServer {
    let server = MockServer::start().await.unwrap();
    server.on("echo", |params| Ok(params[0].clone()));
    server
}

#[tokio::test]
async fn a_call_has_its_result() {
    for over in ALL {
        let server = echo().await;
        let client = connect(&server, over).await;
        let reply: String = client.call("echo", ["hi ä"]).await.unwrap();
        assert_eq!(reply, "hi ä", "{over:?}");
        let lone: i64 = client.call("echo", 7).await.unwrap();
        assert_eq!(lone, 7);
        client.call::<Value>("echo", ()).await.unwrap();
        assert_eq!(server.calls()[2], ("echo".to_owned(), json!({})));
    }
}

#[tokio::test]
async fn an_error_has_its_code() {
    for over in ALL {
        let server = echo().await;
        let client = connect(&server, over).await;
        let error = client.call::<Value>("nothing", ()).await.unwrap_err();
        assert_eq!(error.code(), Some(RpcError::METHOD_NOT_FOUND), "{over:?}");
        assert_eq!(error.rpc().unwrap().name(), Some("method not found"));
    }
}

#[tokio::test]
async fn concurrent_calls_share_one_connection_and_answers_may_come_in_any_order() {
    const CALLS: usize = 32;
    for over in ALL {
        let server = MockServer::start().await.unwrap();
        let all = Arc::new(Barrier::new(CALLS));
        server.on_async("meet", move |params| {
            let all = Arc::clone(&all);
            async move {
                // Nobody is answered before everybody has asked.
                all.wait().await;
                Ok(params[0].clone())
            }
        });
        let client = connect(&server, over).await;
        let calls = (0..CALLS).map(|n| {
            let client = client.clone();
            tokio::spawn(async move { (n, client.call::<usize>("meet", [n]).await.unwrap()) })
        });
        for call in calls.collect::<Vec<_>>() {
            let (n, answer) = call.await.unwrap();
            assert_eq!(n, answer);
        }
        if over != Over::Http {
            assert_eq!(server.opened(), 1, "{over:?}");
        }
    }
}

#[tokio::test]
async fn ids_can_be_strings() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("id", |id| {
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": id.to_string()});
        vec![Raw::Text(answer.to_string())]
    });
    let options = ClientOptions::new().ids(IdStyle::Strings);
    let client = connect_with(&server, Over::Lines, options).await;
    assert_eq!(client.call::<String>("id", ()).await.unwrap(), "\"1\"");
}

#[tokio::test]
async fn batches() {
    for over in ALL {
        let server = echo().await;
        let client = connect(&server, over).await;
        let answers = client
            .batch()
            .call("echo", ["a"])
            .notify("note", ["not answered"])
            .call("nothing", ())
            .call("echo", ["b"])
            .send()
            .await
            .unwrap();
        assert_eq!(answers.len(), 3, "{over:?}");
        assert_eq!(answers[0].as_ref().unwrap(), "a");
        assert_eq!(answers[1].as_ref().unwrap_err().code(), Some(-32601));
        assert_eq!(answers[2].as_ref().unwrap(), "b");
        assert!(server.calls().iter().any(|(method, _)| method == "note"));
        let silent = client.batch().notify("note", ()).send().await.unwrap();
        assert!(silent.is_empty());
        let empty = client.batch().send().await.unwrap_err();
        assert!(matches!(empty, CallError::EmptyBatch));
    }
}

#[tokio::test]
async fn a_batch_may_be_answered_in_any_order() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("first", |_| {
        vec![Raw::Text(
            json!([
                {"jsonrpc": "2.0", "id": 2, "result": "two"},
                {"jsonrpc": "2.0", "id": 1, "result": "one"},
            ])
            .to_string(),
        )]
    });
    server.on_raw("second", |_| Vec::new());
    let client = connect(&server, Over::Lines).await;
    let batch = client.batch().call("first", ()).call("second", ());
    let answers = batch.send().await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap(), "one");
    assert_eq!(answers[1].as_ref().unwrap(), "two");
}

#[tokio::test]
async fn what_is_no_json_rpc_is_answered_with_a_null_id() {
    for over in ALL {
        let server = echo().await;
        let client = connect(&server, over).await;
        for (text, code) in [("{", -32700), ("[]", -32600), ("{\"id\":null}", -32600)] {
            client.send_raw(text).await.unwrap();
            let answer = client.next_unmatched(LONG).await.unwrap();
            assert_eq!(answer["error"]["code"], code, "{over:?} {text}");
            assert_eq!(answer["id"], Value::Null);
        }
        assert_eq!(client.unmatched_count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_and_names_what_is_pending() {
    let (here, _there) = tokio::io::duplex(4096);
    let (read, write) = tokio::io::split(here);
    let client = Client::from_stream(read, write, Framing::Newline, ClientOptions::new());
    let other = client.clone();
    let slow = tokio::spawn(async move { other.call_timeout::<Value>("slow", (), LONG).await });
    while client.in_flight().is_empty() {
        tokio::task::yield_now().await;
    }
    let error = client.call::<Value>("never", ()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "calling never (id 2): no answer within 30s; also without an answer: slow"
    );
    assert_eq!(client.in_flight(), ["slow"]);
    slow.abort();
    assert!(slow.await.is_err());
    assert_eq!(
        client.in_flight(),
        [""; 0],
        "a call that is dropped is forgotten"
    );
}

#[tokio::test]
async fn a_server_that_answers_twice() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("twice", |id| {
        let answer =
            |n: i32| Raw::Text(json!({"jsonrpc": "2.0", "id": id, "result": n}).to_string());
        vec![answer(1), answer(2)]
    });
    for over in STREAMS {
        let client = connect(&server, over).await;
        assert_eq!(client.call::<i32>("twice", ()).await.unwrap(), 1);
        let second = client.next_unmatched(LONG).await.unwrap();
        assert_eq!(second["result"], 2);
    }
}

#[tokio::test]
async fn a_server_that_answers_garbage() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("text", |_| vec![Raw::Text("<html>".to_owned())]);
    server.on_raw("both", |id| {
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": 1, "error": {}});
        vec![Raw::Text(answer.to_string())]
    });
    server.on("type", |_| Ok(json!("text")));
    for over in ALL {
        let client = connect(&server, over).await;
        let call = async |method: &str| client.call::<i32>(method, ()).await.unwrap_err();
        let error = call("text").await;
        assert!(
            matches!(&error, CallError::Invalid { frame, .. } if frame == "<html>"),
            "{error}"
        );
        let error = call("both").await.to_string();
        assert!(error.contains("both \"result\" and \"error\""), "{error}");
        let error = call("type").await.to_string();
        assert!(
            error.starts_with("calling type: reading the result \"text\": invalid type"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_message_fails_all_calls_with_the_reason() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("cut", |_| {
        vec![Raw::Bytes(b"{\"jsonrpc\":".to_vec()), Raw::Cut]
    });
    let asked = Arc::new(Notify::new());
    let arrived = Arc::clone(&asked);
    server.on_async("slow", move |_| {
        arrived.notify_one();
        std::future::pending()
    });
    let client = connect(&server, Over::Lines).await;
    let other = client.clone();
    let slow = tokio::spawn(async move { other.call::<Value>("slow", ()).await });
    asked.notified().await;
    let error = client.call::<Value>("cut", ()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "calling cut: the connection is closed: cut in the middle of a message, after 11 bytes of it"
    );
    let error = slow.await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        CallError::Closed {
            reason: CloseReason::MidFrame { got: 11 },
            ..
        }
    ));
    let later = client.call::<Value>("echo", ()).await.unwrap_err();
    assert!(matches!(later, CallError::Closed { .. }));
}

/// Answers the first request of the first connection with these bytes, and ends.
async fn cut_after(bytes: &'static [u8]) -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        stream.write_all(bytes).await.unwrap();
    });
    address
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_body() {
    let address = cut_after(b"Content-Length: 40\r\n\r\n{\"json").await;
    let client = Client::tcp(address, Framing::ContentLength, ClientOptions::new())
        .await
        .unwrap();
    let error = client.call::<Value>("t", ()).await.unwrap_err();
    assert!(
        error.to_string().contains("cut in the middle of a message"),
        "{error}"
    );
    let address = cut_after(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"json").await;
    let client = Client::http(&format!("http://{address}/"), ClientOptions::new())
        .await
        .unwrap();
    let error = client.call::<Value>("t", ()).await.unwrap_err().to_string();
    assert!(error.starts_with("calling t: "), "{error}");
    assert!(error.contains("before message length"), "{error}");
}

#[tokio::test]
async fn a_websocket_cut_in_the_middle_of_a_frame() {
    use futures_util::StreamExt;
    use tokio::io::AsyncWriteExt;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        assert!(socket.next().await.unwrap().unwrap().is_text());
        // A text of 40 bytes, of which six come.
        let stream = socket.get_mut();
        stream.write_all(b"\x81\x28{\"json").await.unwrap();
    });
    let client = Client::websocket(&format!("ws://{address}/"), ClientOptions::new())
        .await
        .unwrap();
    let error = client.call::<Value>("t", ()).await.unwrap_err();
    assert!(matches!(error, CallError::Closed { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("cut without a closing handshake"),
        "{error}"
    );
}

#[tokio::test]
async fn a_websocket_cut_without_a_handshake() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("cut", |_| vec![Raw::Cut]);
    let client = connect(&server, Over::WebSocket).await;
    let error = client
        .call::<Value>("cut", ())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("cut without a closing handshake"), "{error}");
    assert!(client.closed().await != CloseReason::Local);
}

#[tokio::test]
async fn http_says_what_the_server_said() {
    let server = MockServer::start().await.unwrap();
    server.on_raw("busy", |_| {
        let response = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
        vec![Raw::Bytes(response.as_bytes().to_vec())]
    });
    server.on_raw("nothing", |_| Vec::new());
    server.on_raw("cut", |_| vec![Raw::Cut]);
    let client = connect(&server, Over::Http).await;
    let call = async |method: &str| client.call::<Value>(method, ()).await.unwrap_err();
    assert_eq!(
        call("busy").await.to_string(),
        "calling busy: HTTP status 503: busy"
    );
    assert!(matches!(call("nothing").await, CallError::Invalid { .. }));
    assert!(matches!(call("cut").await, CallError::Closed { .. }));
}

#[tokio::test]
async fn nobody_listens() {
    let server = MockServer::start().await.unwrap();
    let address = server.address();
    drop(server);
    let options = ClientOptions::new();
    let url = format!("ws://{address}/");
    // The port closes when the task notices.
    let error = loop {
        match Client::websocket(&url, options.clone()).await {
            Err(error) if error.why.contains("refused") => break error,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(error.endpoint, url);
    let error = Client::http(&format!("https://{address}"), options.clone())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("only http://"), "{error}");
    let error = Client::websocket("nonsense", options).await.unwrap_err();
    assert!(
        error.to_string().starts_with("connecting to nonsense:"),
        "{error}"
    );
}

#[tokio::test]
async fn the_token_is_sent_and_masked() {
    for over in [Over::WebSocket, Over::Http] {
        let server = echo().await;
        let options = ClientOptions::new().token("s3cret").mask_key("pin");
        let client = connect_with(&server, over, options).await;
        let params = json!([{"password": "hunter2", "pin": 1234, "text": "has s3cret inside"}]);
        let _: Value = client.call("echo", params).await.unwrap();
        assert_eq!(
            server.last_authorization().as_deref(),
            Some("Bearer s3cret")
        );
        let frames = client.transcript();
        assert_eq!(frames.len(), 2);
        for frame in frames {
            for secret in ["hunter2", "1234", "s3cret"] {
                assert!(!frame.text.contains(secret), "{frame}");
            }
        }
    }
}

#[tokio::test]
async fn the_transcript_has_the_last_frames_of_both_directions() {
    let server = echo().await;
    let client = connect_with(&server, Over::Lines, ClientOptions::new().transcript(3)).await;
    for text in ["a", "b"] {
        let _: Value = client.call("echo", [text]).await.unwrap();
    }
    let frames = client.transcript();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let shown: Vec<_> = frames
        .iter()
        .map(|frame| (frame.direction, parsed(&frame.text)))
        .collect();
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "echo", "params": ["b"]});
    let answer = |id: i32, text: &str| json!({"jsonrpc": "2.0", "id": id, "result": text});
    assert_eq!(
        shown,
        [
            (Direction::Received, answer(1, "a")),
            (Direction::Sent, call),
            (Direction::Received, answer(2, "b")),
        ]
    );
}

#[tokio::test]
async fn notifications_that_came_before_are_found() {
    for over in STREAMS {
        let server = echo().await;
        let client = connect(&server, over).await;
        client.subscribe(&["tick"]).await.unwrap();
        assert_eq!(server.last_subscription(), Some(vec!["tick".to_owned()]));
        for n in 0..3 {
            server.emit("tick", json!({"n": n}));
        }
        server.emit("tock", json!({}));
        let tick = client
            .wait_for("tick", |tick| tick.params["n"] == 1, LONG)
            .await
            .unwrap();
        assert_eq!(tick.params["n"], 1);
        let either = client.wait_for_any(&["tock", "tick"], LONG).await.unwrap();
        assert_eq!(
            (either.method.as_str(), &either.params["n"]),
            ("tick", &json!(0))
        );
        let tock = client.wait_for("tock", |_| true, LONG).await.unwrap();
        assert_eq!(tock.method, "tock");
        assert_eq!(client.buffered_notification_count(), 1);
        assert_eq!(client.clear_notifications(), 1);
    }
}

#[tokio::test]
async fn the_event_of_a_call_is_not_missed_whichever_comes_first() {
    for event_first in [true, false] {
        let server = MockServer::start().await.unwrap();
        server.on_raw("deposit", move |id| {
            let event = json!({"jsonrpc": "2.0", "method": "balance", "params": {"now": 5}});
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": "ok"});
            let (event, answer) = (Raw::Text(event.to_string()), Raw::Text(answer.to_string()));
            if event_first {
                vec![event, answer]
            } else {
                vec![answer, event]
            }
        });
        for over in STREAMS {
            let client = connect(&server, over).await;
            client.subscribe(&[]).await.unwrap();
            // An event of before is not that of the call.
            server.emit("balance", json!({"now": 0}));
            while client.buffered_notification_count() == 0 {
                tokio::task::yield_now().await;
            }
            let (answer, event) = client
                .call_and_wait::<String>("deposit", (), "balance", |_| true, LONG)
                .await
                .unwrap();
            assert_eq!((answer.as_str(), &event.params["now"]), ("ok", &json!(5)));
        }
    }
}

/// A client with a clock that stands still, and what its server would write to.
fn in_memory(options: ClientOptions) -> (Client, tokio::io::DuplexStream) {
    let (here, there) = tokio::io::duplex(1024 * 1024);
    let (read, write) = tokio::io::split(here);
    (
        Client::from_stream(read, write, Framing::Newline, options),
        there,
    )
}

async fn emit(there: &mut tokio::io::DuplexStream, method: &str, n: usize) {
    use tokio::io::AsyncWriteExt;

    let event = json!({"jsonrpc": "2.0", "method": method, "params": {"n": n}});
    there
        .write_all(format!("{event}\n").as_bytes())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn waiting_in_vain_tells_what_came_instead() {
    let (client, mut there) = in_memory(ClientOptions::new());
    emit(&mut there, "tock", 1).await;
    emit(&mut there, "tock", 2).await;
    let error = client.wait_for("tick", |_| true, SHORT).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no notification tick within 200ms; in the buffer: tock ×2"
    );
    client.expect_none(&["tick"], SHORT).await.unwrap();
    let error = client.expect_none(&[], SHORT).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected no notification tock, and got one: {\"n\":1}"
    );
}

#[tokio::test(start_paused = true)]
async fn collecting_takes_all_of_a_window() {
    let (client, mut there) = in_memory(ClientOptions::new());
    let emitting = async {
        for n in 0..5 {
            emit(&mut there, "tick", n).await;
            emit(&mut there, "other", n).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let window = Duration::from_millis(250);
    let (collected, ()) = tokio::join!(client.collect(&["tick"], window), emitting);
    assert_eq!(collected.len(), 3);
    assert_eq!(client.collect(&[], SHORT).await.len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_notifications_is_bounded_and_counted() {
    let (client, mut there) = in_memory(ClientOptions::new().buffer_size(10));
    for n in 0..1000 {
        emit(&mut there, "tick", n).await;
    }
    let last = client
        .wait_for("tick", |tick| tick.params["n"] == 999, LONG)
        .await
        .unwrap();
    assert_eq!(last.params["n"], 999);
    assert!(client.buffered_notification_count() <= 10);
    assert!(client.dropped_notification_count() >= 980);
}

#[tokio::test(start_paused = true)]
async fn two_waiters_never_get_the_same_notification() {
    let (client, mut there) = in_memory(ClientOptions::new());
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let tick = client.wait_for("tick", |_| true, LONG).await.unwrap();
                tick.params["n"].as_u64().unwrap()
            })
        })
        .collect();
    for n in 0..10 {
        emit(&mut there, "tick", n).await;
    }
    let mut got = Vec::new();
    for waiter in waiters {
        got.push(waiter.await.unwrap());
    }
    got.sort_unstable();
    assert_eq!(got, (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_connection() {
    let (client, there) = in_memory(ClientOptions::new());
    let waiting = client.wait_for("tick", |_| true, LONG);
    let (result, ()) = tokio::join!(waiting, async { drop(there) });
    assert!(matches!(
        result,
        Err(WaitError::Closed {
            reason: CloseReason::Peer(None),
            ..
        })
    ));
    let none = client.expect_none(&[], SHORT).await;
    assert!(
        matches!(none, Err(WaitError::Closed { .. })),
        "nothing could have come"
    );
}

#[tokio::test]
async fn requests_of_the_server_are_answered() {
    let server = MockServer::start().await.unwrap();
    let client = connect(&server, Over::Lines).await;
    client.on_request("double", |params| async move {
        Ok(json!(params[0].as_i64().unwrap_or(0) * 2))
    });
    client.subscribe(&[]).await.unwrap();
    server.emit_raw("{\"jsonrpc\":\"2.0\",\"id\":\"s1\",\"method\":\"double\",\"params\":[4]}");
    server.emit_raw("{\"jsonrpc\":\"2.0\",\"id\":\"s2\",\"method\":\"unknown\"}");
    let sent = || -> Vec<Value> {
        let frames = client.transcript().into_iter();
        let sent = frames.filter(|frame| frame.direction == Direction::Sent);
        sent.map(|frame| serde_json::from_str(&frame.text).unwrap())
            .collect()
    };
    while sent().len() < 3 {
        tokio::task::yield_now().await;
    }
    let mut answers = sent().split_off(1);
    answers.sort_by_key(|answer| answer["id"].to_string());
    assert_eq!(
        answers[0],
        json!({"jsonrpc": "2.0", "id": "s1", "result": 8})
    );
    assert_eq!(answers[1]["error"]["code"], -32601);
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets() {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("server.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut request = String::new();
        stream.read_line(&mut request).await.unwrap();
        let request: Value = serde_json::from_str(&request).unwrap();
        let answer = json!({"jsonrpc": "2.0", "id": request["id"], "result": request["params"]});
        stream
            .write_all(format!("{answer}\n").as_bytes())
            .await
            .unwrap();
    });
    let client = Client::unix(&path, Framing::Newline, ClientOptions::new())
        .await
        .unwrap();
    assert_eq!(client.call::<Value>("echo", [1]).await.unwrap(), json!([1]));
}

#[tokio::test]
async fn io_files_run_without_rust() {
    let server = echo().await;
    server.on("open", |_| {
        Ok(json!({"account": "5e0b3a1c-9a55-4f2f-8f0b-6d1f6f2f7a10"}))
    });
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write(
        "a.io",
        "// opens an account\n\
         >> {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"open\"}\n\
         << {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"account\":\"<uuid>\"}}\n",
    );
    write(
        "b.io",
        ">> {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"echo\",\"params\":[1]}\n\
         << {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":2}\n",
    );
    let url = server.websocket_url();
    let report = paceline_rpc::Harness::new(paceline_rpc::JsonRpc::websocket(url))
        .tests(paceline_rpc::io_tests(directory.path()).unwrap())
        .run(&paceline_rpc::RunConfig::default())
        .await;
    assert_eq!(report.tests[0].name, "a: opens an account");
    assert_eq!((report.passed, report.failed), (1, 1));
    let failure = report.tests[1].outcome.failure().unwrap();
    assert_eq!(
        failure.message,
        "line 2: the message is not as expected:\n  /result: expected 2, got 1"
    );
    assert_eq!(failure.connection.frames.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_and_fifty_six_connections_at_once() {
    const COUNT: usize = 256;
    let server = MockServer::start().await.unwrap();
    let all = Arc::new(Barrier::new(COUNT));
    server.on_async("meet", move |_| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            Ok(json!("met"))
        }
    });
    let url = server.websocket_url();
    let tests = (0..COUNT).map(|n| {
        paceline_rpc::Test::new(
            format!("t{n}"),
            |cx: paceline_rpc::Ctx<Client>| async move {
                let met: String = cx.client().call("meet", ()).await?;
                paceline_rpc::ensure_eq!(met, "met");
                Ok(())
            },
        )
        .parallel()
    });
    let mut config = paceline_rpc::RunConfig::default();
    config.parallel_workers = Some(COUNT);
    let report = paceline_rpc::Harness::new(paceline_rpc::JsonRpc::websocket(url))
        .tests(tests)
        .run(&config)
        .await;
    assert_eq!(report.passed, COUNT);
    assert_eq!(server.opened(), COUNT + 1);
}
