//! Carrying messages over WebSocket.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::client::{Client, ClientOptions, CloseReason, Inner};

pub(super) async fn connect(url: &str, options: ClientOptions) -> Result<Client, String> {
    let mut request = url
        .into_client_request()
        .map_err(|error| error.to_string())?;
    let token = options.token.as_ref();
    let bearer = token.map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
    for (name, value) in options.headers.iter().cloned().chain(bearer) {
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| format!("`{name}` is not the name of a header"))?;
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| format!("the value of header {name} cannot be sent"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(options.max_frame))
        .max_frame_size(Some(options.max_frame));
    let (stream, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true)
        .await
        .map_err(|error| refused(&error))?;

    let (inner, mut to_send) = Inner::new(options);
    let (mut sink, mut source) = stream.split();
    let reader = Arc::clone(&inner);
    tokio::spawn(async move {
        let ended = reader.ended.clone();
        loop {
            let message = tokio::select! {
                message = source.next() => message,
                () = ended.cancelled() => return,
            };
            match message {
                Some(Ok(Message::Text(text))) => reader.received(text.as_str()),
                Some(Ok(Message::Binary(bytes))) => {
                    reader.received(&String::from_utf8_lossy(&bytes));
                }
                Some(Ok(Message::Close(why))) => {
                    let why = why.map(|why| match why.reason.as_str() {
                        "" => format!("code {}", why.code),
                        reason => format!("code {}: {reason}", why.code),
                    });
                    reader.close(CloseReason::Peer(why));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => reader.close(ended_by(&error)),
                None => reader.close(CloseReason::Peer(None)),
            }
        }
    });
    let writer = Arc::clone(&inner);
    tokio::spawn(async move {
        let ended = writer.ended.clone();
        loop {
            let message = tokio::select! {
                biased;
                message = to_send.recv() => message,
                () = ended.cancelled() => None,
            };
            let Some(message) = message else { break };
            tokio::select! {
                biased;
                sent = sink.send(Message::text(message.text)) => {
                    if let Err(error) = sent {
                        tokio::task::yield_now().await;
                        writer.close(ended_by(&error));
                    }
                }
                () = ended.cancelled() => break,
            }
        }
        // A closing handshake if the other side is still there.
        let _ = sink.close().await;
    });
    Ok(Client::new(inner))
}

fn refused(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body);
            let body = crate::human::shortened(body.trim(), 500);
            let status = response.status();
            if body.is_empty() {
                format!("the handshake was answered with HTTP status {status}")
            } else {
                format!("the handshake was answered with HTTP status {status}: {body}")
            }
        }
        other => other.to_string(),
    }
}

fn ended_by(error: &tungstenite::Error) -> CloseReason {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            CloseReason::Peer(None)
        }
        tungstenite::Error::Io(error) => CloseReason::Io(error.to_string()),
        tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => CloseReason::Io("cut without a closing handshake".to_owned()),
        other => CloseReason::Framing(other.to_string()),
    }
}
