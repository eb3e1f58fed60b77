//! Carrying messages over HTTP: each a POST, its answer the response.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::client::{CallError, Client, ClientOptions, CloseReason, Inner, Outgoing};
use crate::human::shortened;

struct Poster {
    pool: Pool<HttpConnector, Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
    max: usize,
}

pub(super) fn connect(url: &str, options: ClientOptions) -> Result<Client, String> {
    let uri: Uri = url.parse().map_err(|error| format!("not a URL: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err("only http:// URLs can be connected to".to_owned());
    }
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(options.connect_timeout));
    let poster = Arc::new(Poster {
        // A pool of this client's own: no connection is shared with another client.
        pool: Pool::builder(TokioExecutor::new()).build(connector),
        headers: headers(&options)?,
        max: options.max_frame,
        uri,
    });
    let (inner, mut to_send) = Inner::new(options);
    let state = Arc::clone(&inner);
    tokio::spawn(async move {
        let ended = state.ended.clone();
        loop {
            let message = tokio::select! {
                biased;
                message = to_send.recv() => message,
                () = ended.cancelled() => None,
            };
            let Some(message) = message else { return };
            let (poster, state) = (Arc::clone(&poster), Arc::clone(&state));
            tokio::spawn(async move {
                let ended = state.ended.clone();
                tokio::select! {
                    () = exchange(&poster, &state, message) => {}
                    () = ended.cancelled() => {}
                }
            });
        }
    });
    Ok(Client::new(inner))
}

fn headers(options: &ClientOptions) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &options.headers {
        let key = HeaderName::try_from(name.as_str())
            .map_err(|_| format!("`{name}` is not the name of a header"))?;
        let value = HeaderValue::try_from(value.as_str())
            .map_err(|_| format!("the value of header {name} cannot be sent"))?;
        headers.insert(key, value);
    }
    if let Some(token) = &options.token {
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| "the token cannot be sent in a header".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

async fn exchange(poster: &Poster, inner: &Arc<Inner>, message: Outgoing) {
    let failed = |why: String| {
        inner.fail(&message.ids, |method| CallError::Closed {
            method,
            reason: CloseReason::Io(why.clone()),
        });
    };
    let mut request = Request::new(Full::new(Bytes::from(message.text.clone())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = poster.uri.clone();
    *request.headers_mut() = poster.headers.clone();
    let response = match poster.pool.request(request).await {
        Ok(response) => response,
        Err(error) => return failed(chain(&error)),
    };
    let status = response.status();
    let body = match Limited::new(response.into_body(), poster.max)
        .collect()
        .await
    {
        Ok(body) => body.to_bytes(),
        Err(error) => return failed(format!("reading the response: {}", chain(&*error))),
    };
    let body = String::from_utf8_lossy(&body);
    // Some servers send errors of JSON-RPC with a status of HTTP to match.
    if status.is_success() || body.contains("\"jsonrpc\"") {
        if !body.trim().is_empty() {
            inner.received(&body);
        }
        // A response that is not among what came will not come any more.
        inner.fail(&message.ids, |method| CallError::Invalid {
            method,
            why: "the HTTP response does not hold the answer".to_owned(),
            frame: shortened(&body, 500),
        });
    } else {
        inner.fail(&message.ids, |method| CallError::Http {
            method,
            status: status.as_u16(),
            body: shortened(body.trim(), 500),
        });
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
