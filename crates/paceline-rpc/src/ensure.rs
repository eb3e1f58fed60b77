//! Assertions that return a [`Failure`](crate::Failure) in place of a panic.

/// Returns a failure from the test unless the condition holds.
///
/// ```
/// # use paceline_rpc::{ensure, TestResult};
/// fn check(balance: i64) -> TestResult {
///     ensure!(balance >= 0);
///     ensure!(balance < 100, "{balance} is too much");
///     Ok(())
/// }
/// assert_eq!(check(200).unwrap_err().to_string(), "200 is too much");
/// assert_eq!(check(-1).unwrap_err().to_string(), "`balance >= 0` does not hold");
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr $(,)?) => {
        if !$condition {
            return Err($crate::Failure::new(concat!(
                "`",
                stringify!($condition),
                "` does not hold"
            )));
        }
    };
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::Failure::new(format!($($message)+)));
        }
    };
}

/// Returns a failure with a diff from the test unless the values are equal: what was got first, what
/// was expected second.
///
/// ```
/// # use paceline_rpc::{ensure_eq, TestResult};
/// fn check(reply: &str) -> TestResult {
///     ensure_eq!(reply, "hi");
///     Ok(())
/// }
/// let failure = check("ho").unwrap_err();
/// assert_eq!(failure.sides(), Some(("\"hi\"", "\"ho\"")));
/// ```
#[macro_export]
macro_rules! ensure_eq {
    ($got:expr, $expected:expr $(,)?) => {
        $crate::ensure_eq!(
            $got,
            $expected,
            concat!("`", stringify!($got), "` is not as expected")
        )
    };
    ($got:expr, $expected:expr, $($message:tt)+) => {
        match (&$got, &$expected) {
            (got, expected) => {
                if !(*got == *expected) {
                    return Err($crate::Failure::mismatch(
                        format!("{}", format_args!($($message)+)),
                        format!("{expected:#?}"),
                        format!("{got:#?}"),
                    ));
                }
            }
        }
    };
}

/// Returns a failure from the test if the values are equal.
#[macro_export]
macro_rules! ensure_ne {
    ($left:expr, $right:expr $(,)?) => {
        match (&$left, &$right) {
            (left, right) => {
                if *left == *right {
                    return Err($crate::Failure::new(format!(
                        "`{}` and `{}` are both {left:?}",
                        stringify!($left),
                        stringify!($right),
                    )));
                }
            }
        }
    };
}

/// Returns a failure from the test unless the JSON value matches the
/// [`Pattern`](crate::matching::Pattern), or the JSON that is taken for one.
///
/// ```
/// # use paceline_rpc::{ensure_matches, TestResult};
/// use serde_json::json;
///
/// fn check(reply: &serde_json::Value) -> TestResult {
///     ensure_matches!(reply, {"id": "<uuid>", "balance": "<number>"});
///     Ok(())
/// }
/// let reply = json!({"id": "5e0b3a1c-9a55-4f2f-8f0b-6d1f6f2f7a10", "balance": 3, "more": true});
/// assert!(check(&reply).is_ok());
/// assert!(check(&json!({"id": 7})).is_err());
/// ```
#[macro_export]
macro_rules! ensure_matches {
    ($value:expr, { $($pattern:tt)* } $(,)?) => {
        $crate::ensure_matches!($value, $crate::matching::json!({ $($pattern)* }))
    };
    ($value:expr, [ $($pattern:tt)* ] $(,)?) => {
        $crate::ensure_matches!($value, $crate::matching::json!([ $($pattern)* ]))
    };
    ($value:expr, $pattern:expr $(,)?) => {
        $crate::matching::Pattern::from($pattern).check(&$value)?
    };
}

/// Returns the value of a result, or a failure from the test if it is an error.
///
/// ```
/// # use paceline_rpc::{ensure_ok, TestResult};
/// fn check(reply: Result<i32, String>) -> TestResult {
///     let value = ensure_ok!(reply);
///     assert_eq!(value, 3);
///     Ok(())
/// }
/// assert!(check(Ok(3)).is_ok());
/// assert_eq!(
///     check(Err("no".to_owned())).unwrap_err().to_string(),
///     "expected `reply` to be a success, and got: no"
/// );
/// ```
#[macro_export]
macro_rules! ensure_ok {
    ($result:expr $(,)?) => {
        match $result {
            Ok(value) => value,
            Err(error) => {
                return Err($crate::Failure::new(format!(
                    "expected `{}` to be a success, and got: {error}",
                    stringify!($result),
                )));
            }
        }
    };
}

/// Returns the server's error if the call failed with this code, or a failure from the test.
///
/// ```
/// # use paceline_rpc::{CallError, RpcError, ensure_rpc_error, TestResult};
/// fn check(reply: Result<i32, CallError>) -> TestResult {
///     let error = ensure_rpc_error!(reply, RpcError::METHOD_NOT_FOUND);
///     assert_eq!(error.message, "no such method");
///     Ok(())
/// }
/// let error = Box::new(RpcError::new(-32601, "no such method"));
/// assert!(check(Err(CallError::Rpc { method: "m".into(), error })).is_ok());
/// assert_eq!(
///     check(Ok(3)).unwrap_err().to_string(),
///     "expected error -32601, and got a success: 3"
/// );
/// ```
#[macro_export]
macro_rules! ensure_rpc_error {
    ($result:expr, $code:expr $(,)?) => {
        match ($result, $code) {
            (Ok(value), code) => {
                return Err($crate::Failure::new(format!(
                    "expected error {code}, and got a success: {value:?}"
                )));
            }
            (Err(error), code) => match error.rpc() {
                Some(rpc) if rpc.code == code => rpc.clone(),
                _ => {
                    return Err($crate::Failure::new(format!(
                        "expected error {code}, and got: {}",
                        $crate::Failure::from(error),
                    )));
                }
            },
        }
    };
}
