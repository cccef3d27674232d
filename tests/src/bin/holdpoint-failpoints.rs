//! The program, built so that a test can kill it between any two of its steps and set its clock.

fn main() -> std::process::ExitCode {
    // Reads what the environment names in FAILPOINTS.
    let _scenario = fail::FailScenario::setup();
    holdpoint::cli::main().into()
}
