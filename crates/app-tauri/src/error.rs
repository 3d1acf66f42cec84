//! The one form of an error in the window.

use kukuri_node::client::ClientError;
use kukuri_wiring::Failure;
use serde::Serialize;

/// Why something was not done: a word for the window, what is so, what to do.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AppError {
    /// What kind of error it is, see docs/reference/errors.md.
    pub code: String,
    /// What is so, with its causes.
    pub message: String,
    /// What to do, where there is something to do.
    pub hint: Option<String>,
}

impl AppError {
    /// An error without advice.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            hint: None,
        }
    }
}

impl From<ClientError> for AppError {
    fn from(error: ClientError) -> Self {
        let code = error.code.as_str().to_owned();
        let causes = error.details.iter().map(String::as_str);
        let message: Vec<&str> = [error.message.as_str()].into_iter().chain(causes).collect();
        Self {
            code,
            message: message.join("; "),
            hint: error.hint.clone(),
        }
    }
}

impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code.to_owned(),
            message: failure.in_one_line(),
            hint: failure.hint,
        }
    }
}
