//! The interface: methods `open`, `close`, `balance`, `deposit`, `transfer`, `accounts`, `subscribe`,
//! and the notification `changed`.

use serde_json::{Value, json};

use crate::Shared;
use crate::ledger::Refused;

/// An account's new balance.
#[derive(Clone, Debug)]
pub struct Change {
    account: String,
    balance: i64,
}

/// What one connection has subscribed to.
#[derive(Debug, Default)]
pub struct Session {
    subscribed: bool,
}

struct Error {
    code: i64,
    message: String,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self {
            code: refused as i64,
            message: refused.message().to_owned(),
        }
    }
}

fn error(code: i64, message: impl Into<String>) -> Error {
    Error {
        code,
        message: message.into(),
    }
}

impl Session {
    /// Answers one message, which may be a batch.
    pub async fn handle(&mut self, text: &str, shared: &Shared) -> Option<String> {
        let invalid = |id: Value| respond(&id, Err(error(-32600, "Invalid Request")));
        let reply = match serde_json::from_str(text) {
            Err(_) => respond(&Value::Null, Err(error(-32700, "Parse error"))),
            Ok(Value::Array(batch)) if batch.is_empty() => invalid(Value::Null),
            Ok(Value::Array(batch)) => {
                let mut replies = Vec::new();
                for request in batch {
                    replies.extend(self.request(&request, shared).await);
                }
                if replies.is_empty() {
                    return None;
                }
                Value::Array(replies)
            }
            Ok(request) => self.request(&request, shared).await?,
        };
        Some(reply.to_string())
    }

    async fn request(&mut self, request: &Value, shared: &Shared) -> Option<Value> {
        let id = request.get("id");
        let method = request.get("method").and_then(Value::as_str);
        let (Some(method), Some("2.0")) = (method, request.get("jsonrpc").and_then(Value::as_str))
        else {
            let id = id.cloned().unwrap_or_default();
            return Some(respond(&id, Err(error(-32600, "Invalid Request"))));
        };
        let result = self.call(method, &request["params"], shared).await;
        id.map(|id| respond(id, result))
    }

    async fn call(
        &mut self,
        method: &str,
        params: &Value,
        shared: &Shared,
    ) -> Result<Value, Error> {
        let text = |name: &str| {
            let value = params[name].as_str();
            value.ok_or_else(|| error(-32602, format!("Invalid params: `{name}` is not a text")))
        };
        let amount = || {
            let value = params["amount"].as_i64();
            value.ok_or_else(|| error(-32602, "Invalid params: `amount` is not a whole number"))
        };
        let mut ledger = shared.ledger.lock().await;
        let announce = |account: &str, balance| {
            // Nobody may be connected.
            let _ = shared.changes.send(Change {
                account: account.to_owned(),
                balance,
            });
        };
        match method {
            "open" => {
                ledger.open(text("account")?)?;
                println!("opened {}", text("account")?);
                Ok(json!({"account": text("account")?, "balance": 0}))
            }
            "close" => Ok(json!(ledger.close(text("account")?)?)),
            "balance" => Ok(json!(ledger.balance(text("account")?)?)),
            "accounts" => Ok(json!(ledger.names())),
            "deposit" => {
                let balance = ledger.deposit(text("account")?, amount()?)?;
                announce(text("account")?, balance);
                Ok(json!(balance))
            }
            "transfer" => {
                ledger.transfer(text("from")?, text("to")?, amount()?)?;
                for account in [text("from")?, text("to")?] {
                    announce(account, ledger.balance(account)?);
                }
                Ok(json!(true))
            }
            "subscribe" => {
                self.subscribed = true;
                Ok(json!(true))
            }
            _ => Err(error(-32601, format!("Method not found: {method}"))),
        }
    }

    /// The notification for a change, if this connection wants it.
    pub fn announce(&self, change: &Change) -> Option<String> {
        let params = json!({"account": change.account, "balance": change.balance});
        let message = json!({"jsonrpc": "2.0", "method": "changed", "params": params});
        self.subscribed.then(|| message.to_string())
    }
}

fn respond(id: &Value, result: Result<Value, Error>) -> Value {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": {"code": error.code, "message": error.message},
        }),
    }
}
