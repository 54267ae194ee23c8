//! Exit codes that a script can branch on.

use sandlot_client::{ClientError, transfer::TransferError};
use sandlot_protocol::Outcome;
use std::process::ExitCode;

/// The table in the help and in README.
pub(crate) const HELP: &str = "Exit codes:
    0  done
    1  the program raised an exception (`run` and `exec` pass a script's own exit code on)
    2  wrong arguments
    3  the node cannot be reached
    4  the node refused, or what was asked for is not there
    5  a local file, folder or port cannot be used
   75  the peer has no room for the task now: try again later
  124  the task ran longer than its timeout
  125  the task needed more fuel, memory or output than its limit
  126  the interpreter crashed
  130  the task was cancelled";

const NET: u8 = 3;
const REFUSED: u8 = 4;
const LOCAL: u8 = 5;

/// What was asked for is not there.
pub(crate) fn not_found() -> ExitCode {
    ExitCode::from(REFUSED)
}

/// How a task ended.
pub(crate) fn of_outcome(outcome: Outcome, exit_code: Option<u8>) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Ok => 0,
        Outcome::Exception => exit_code.unwrap_or(1),
        Outcome::Timeout => 124,
        Outcome::FuelLimit | Outcome::MemoryLimit | Outcome::OutputLimit => 125,
        Outcome::Cancelled => 130,
        Outcome::Rejected => 75,
        Outcome::Crashed => 126,
    })
}

/// Wrong arguments that only show once they are looked at.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Says what went wrong, on standard error, and picks the code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    #[expect(clippy::print_stderr, reason = "the terminal belongs to cli")]
    {
        eprintln!("sandlot: {error:#}");
    }
    let client = error.chain().find_map(|cause| cause.downcast_ref::<ClientError>());
    let transfer = error.chain().find_map(|cause| cause.downcast_ref::<TransferError>());
    ExitCode::from(match (client, transfer) {
        _ if error.downcast_ref::<Usage>().is_some() => 2,
        (Some(ClientError::Net(_)), _) | (_, Some(TransferError::Client(ClientError::Net(_)))) => NET,
        (Some(_), _)
        | (_, Some(TransferError::Client(_) | TransferError::NotFound(_) | TransferError::Damaged { .. })) => REFUSED,
        _ => LOCAL,
    })
}
