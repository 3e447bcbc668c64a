//! The `orchsim` program: parses its arguments, does what they ask and ends
//! with an exit code. Everything else is in the library.

use std::process::ExitCode;

use orchsim::cli::Cli;

fn main() -> ExitCode {
    match Cli::from_arguments().execute() {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            failure.print();
            failure.into()
        }
    }
}
