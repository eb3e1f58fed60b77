//! Arguments that are neither options nor their values.

/// Leaves out the positional arguments that name tests, by `is_path`. `with_value` are the options
/// whose value is the next argument.
pub(crate) fn without_paths(
    args: &[String],
    with_value: &[&str],
    is_path: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut kept = Vec::new();
    let mut is_value = false;
    for arg in args {
        let is_left_out = !is_value && !arg.starts_with('-') && is_path(arg);
        is_value = with_value.contains(&arg.as_str());
        if !is_left_out {
            kept.push(arg.clone());
        }
    }
    kept
}
