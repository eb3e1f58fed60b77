//! JSON-RPC 2.0 messages, exactly as the specification has them.

use serde_json::{Map, Value};

use super::error::RpcError;
use super::id::Id;

/// One message from the server.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    Response {
        id: Id,
        result: Result<Value, RpcError>,
    },
    Notification {
        method: String,
        params: Value,
    },
    /// The server asks the client.
    Request {
        id: Id,
        method: String,
        params: Value,
    },
    /// JSON, but no message of JSON-RPC 2.0.
    Invalid {
        id: Option<Id>,
        why: String,
        value: Value,
    },
}

/// The messages of one frame: one, or those of a batch. An error if the frame is not JSON.
pub(crate) fn parse(frame: &str) -> Result<Vec<Incoming>, serde_json::Error> {
    Ok(match serde_json::from_str(frame)? {
        Value::Array(batch) if batch.is_empty() => vec![Incoming::Invalid {
            id: None,
            why: "an empty batch".to_owned(),
            value: Value::Array(batch),
        }],
        Value::Array(batch) => batch.into_iter().map(classify).collect(),
        value => vec![classify(value)],
    })
}

fn classify(value: Value) -> Incoming {
    match understand(&value) {
        Ok(message) => message,
        Err(why) => Incoming::Invalid {
            id: value.get("id").and_then(id_of),
            why,
            value,
        },
    }
}

fn understand(value: &Value) -> Result<Incoming, String> {
    let Value::Object(members) = value else {
        return Err("not an object".to_owned());
    };
    match members.get("jsonrpc") {
        Some(Value::String(version)) if version == "2.0" => {}
        Some(other) => return Err(format!("\"jsonrpc\" is {other}, not \"2.0\"")),
        None => return Err("no member \"jsonrpc\"".to_owned()),
    }
    if let Some(method) = members.get("method") {
        return called(members, method);
    }
    let id = members
        .get("id")
        .ok_or("neither \"method\" nor \"id\"")
        .map(id_of)?
        .ok_or("\"id\" is neither a number, a string nor null")?;
    let result = match (members.get("result"), members.get("error")) {
        (Some(result), None) => Ok(result.clone()),
        (None, Some(error)) => Err(error_object(error)?),
        (Some(_), Some(_)) => return Err("both \"result\" and \"error\"".to_owned()),
        (None, None) => return Err("neither \"result\" nor \"error\"".to_owned()),
    };
    Ok(Incoming::Response { id, result })
}

fn called(members: &Map<String, Value>, method: &Value) -> Result<Incoming, String> {
    let method = method
        .as_str()
        .ok_or_else(|| format!("\"method\" is {method}, not a string"))?
        .to_owned();
    let params = members.get("params").cloned().unwrap_or(Value::Null);
    if !matches!(params, Value::Null | Value::Array(_) | Value::Object(_)) {
        return Err(format!(
            "\"params\" is {params}, neither an array nor an object"
        ));
    }
    Ok(match members.get("id") {
        None => Incoming::Notification { method, params },
        Some(id) => Incoming::Request {
            id: id_of(id).ok_or("\"id\" is neither a number, a string nor null")?,
            method,
            params,
        },
    })
}

fn error_object(error: &Value) -> Result<RpcError, String> {
    let code = error
        .get("code")
        .and_then(Value::as_i64)
        .ok_or("the error has no integer \"code\"")?;
    let message = error
        .get("message")
        .and_then(Value::as_str)
        .ok_or("the error has no string \"message\"")?
        .to_owned();
    Ok(RpcError {
        code,
        message,
        data: error.get("data").cloned(),
    })
}

fn id_of(value: &Value) -> Option<Id> {
    match value {
        Value::Number(number) => Some(Id::Number(number.clone())),
        Value::String(text) => Some(Id::String(text.clone())),
        Value::Null => Some(Id::Null),
        _ => None,
    }
}

/// A request, or with no id a notification. Null parameters become an empty object, or nothing.
pub(crate) fn request(id: Option<&Id>, method: &str, params: Value, omit_null: bool) -> Value {
    let mut message = Map::new();
    message.insert("jsonrpc".to_owned(), "2.0".into());
    if let Some(id) = id {
        message.insert("id".to_owned(), id_value(id));
    }
    message.insert("method".to_owned(), method.into());
    let params = match params {
        Value::Null if omit_null => return Value::Object(message),
        Value::Null => Value::Object(Map::new()),
        // Only arrays and objects are parameters; a lone value can only have been meant as the first.
        params @ (Value::Array(_) | Value::Object(_)) => params,
        lone => Value::Array(vec![lone]),
    };
    message.insert("params".to_owned(), params);
    Value::Object(message)
}

/// A response, of a client to a request of its server or of a mock server.
pub(crate) fn response(id: &Id, result: Result<Value, RpcError>) -> Value {
    let mut message = Map::new();
    message.insert("jsonrpc".to_owned(), "2.0".into());
    message.insert("id".to_owned(), id_value(id));
    match result {
        Ok(result) => message.insert("result".to_owned(), result),
        Err(error) => message.insert("error".to_owned(), error.to_value()),
    };
    Value::Object(message)
}

fn id_value(id: &Id) -> Value {
    match id {
        Id::Number(number) => Value::Number(number.clone()),
        Id::String(text) => Value::String(text.clone()),
        Id::Null => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(value: &Value) -> Incoming {
        let mut messages = parse(&value.to_string()).unwrap();
        assert_eq!(messages.len(), 1);
        messages.remove(0)
    }

    fn why(value: &Value) -> String {
        match one(value) {
            Incoming::Invalid { why, .. } => why,
            other => panic!("taken for {other:?}"),
        }
    }

    #[test]
    fn responses_carry_ids_of_every_kind() {
        for id in [json!(1), json!(-7), json!(1.5), json!("a"), Value::Null] {
            let message = one(&json!({"jsonrpc": "2.0", "id": id, "result": null}));
            let Incoming::Response { id: got, result } = message else {
                panic!("taken for {message:?}");
            };
            assert_eq!(id_value(&got), id);
            assert_eq!(result, Ok(Value::Null));
        }
    }

    #[test]
    fn an_error_carries_its_code_message_and_data() {
        let error = json!({"code": -32601, "message": "no", "data": [1]});
        let message = one(&json!({"jsonrpc": "2.0", "id": 1, "error": error}));
        let Incoming::Response { result, .. } = message else {
            panic!("taken for {message:?}");
        };
        assert_eq!(result.unwrap_err().to_value(), error);
    }

    #[test]
    fn without_an_id_it_is_a_notification_and_with_one_a_request() {
        assert_eq!(
            one(&json!({"jsonrpc": "2.0", "method": "m", "params": [1]})),
            Incoming::Notification {
                method: "m".to_owned(),
                params: json!([1])
            }
        );
        assert_eq!(
            one(&json!({"jsonrpc": "2.0", "method": "m", "id": null})),
            Incoming::Request {
                id: Id::Null,
                method: "m".to_owned(),
                params: Value::Null
            }
        );
    }

    #[test]
    fn what_the_specification_forbids_is_named() {
        assert_eq!(why(&json!(1)), "not an object");
        assert_eq!(why(&json!([])), "an empty batch");
        assert_eq!(why(&json!({"id": 1, "result": 1})), "no member \"jsonrpc\"");
        assert_eq!(
            why(&json!({"jsonrpc": "1.0", "id": 1, "result": 1})),
            "\"jsonrpc\" is \"1.0\", not \"2.0\""
        );
        assert_eq!(
            why(&json!({"jsonrpc": "2.0", "id": 1})),
            "neither \"result\" nor \"error\""
        );
        assert_eq!(
            why(&json!({"jsonrpc": "2.0", "id": 1, "result": 1, "error": {}})),
            "both \"result\" and \"error\""
        );
        assert_eq!(
            why(&json!({"jsonrpc": "2.0", "id": 1, "error": {"code": "x"}})),
            "the error has no integer \"code\""
        );
        assert_eq!(
            why(&json!({"jsonrpc": "2.0", "id": {}, "result": 1})),
            "\"id\" is neither a number, a string nor null"
        );
        assert_eq!(
            why(&json!({"jsonrpc": "2.0", "method": "m", "params": 3})),
            "\"params\" is 3, neither an array nor an object"
        );
    }

    #[test]
    fn a_batch_is_its_messages_in_order() {
        let frame = json!([
            {"jsonrpc": "2.0", "id": 2, "result": "b"},
            {"jsonrpc": "2.0", "method": "n"},
            7
        ]);
        let messages = parse(&frame.to_string()).unwrap();
        assert!(matches!(messages[0], Incoming::Response { .. }));
        assert!(matches!(messages[1], Incoming::Notification { .. }));
        assert!(matches!(messages[2], Incoming::Invalid { .. }));
    }

    #[test]
    fn null_parameters_are_an_empty_object_and_a_lone_value_the_first() {
        assert_eq!(
            request(None, "m", Value::Null, false),
            json!({"jsonrpc": "2.0", "method": "m", "params": {}})
        );
        assert_eq!(
            request(None, "m", Value::Null, true),
            json!({"jsonrpc": "2.0", "method": "m"})
        );
        assert_eq!(
            request(Some(&Id::from(3_u64)), "m", json!("x"), false),
            json!({"jsonrpc": "2.0", "id": 3, "method": "m", "params": ["x"]})
        );
    }
}
