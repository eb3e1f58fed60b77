//! Snapshots, by insta.

/// Compares a JSON value with a stored snapshot, of this name, after replacing what differs from run
/// to run: `ensure_snapshot!("a new account", reply, {".id" => "[id]"})`.
///
/// Snapshots are stored and reviewed as [insta](https://insta.rs) does it. A difference is a panic of
/// insta's, which fails the test like any other.
///
/// ```
/// # #[cfg(feature = "snapshots")] {
/// use paceline_rpc::ensure_snapshot;
/// use serde_json::json;
///
/// let reply = json!({"id": 17, "balance": 0});
/// ensure_snapshot!(reply, {".id" => "[id]"}, @r#"
/// {
///   "id": "[id]",
///   "balance": 0
/// }
/// "#);
/// # }
/// ```
#[macro_export]
macro_rules! ensure_snapshot {
    ($name:literal, $value:expr, { $($redaction:tt)* } $(,)?) => {
        $crate::insta::assert_json_snapshot!($name, $value, { $($redaction)* })
    };
    ($name:literal, $value:expr $(,)?) => {
        $crate::insta::assert_json_snapshot!($name, $value)
    };
    ($value:expr, { $($redaction:tt)* }, @$stored:literal $(,)?) => {
        $crate::insta::assert_json_snapshot!($value, { $($redaction)* }, @$stored)
    };
}
