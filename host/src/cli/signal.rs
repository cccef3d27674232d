use std::future::Future;
use std::io::Write as _;

use super::{ExitCode, Failure};

/// What is said when a signal ends the process.
const CANCELLED: &str = "\ncancelled: nothing was decided and nothing was carried out\n";

/// Does `work` on a thread of its own, until it ends or a signal asks the process to end.
///
/// A signal does not wait for the work: nothing that has to be given back is held yet, and the end
/// of the process ends every thread.
///
/// # Errors
///
/// When the runtime or the signals cannot be had.
///
/// # Panics
///
/// Where `work` panics, with the same payload.
pub(super) fn heed(work: impl FnOnce() -> ExitCode + Send + 'static) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let ended = runtime.block_on(async {
        let cancelled = cancelled().map_err(Failure::Runtime)?;
        let work = tokio::task::spawn_blocking(work);
        tokio::select! {
            code = cancelled => {
                // Where standard error is gone, the exit code still says it.
                let _ = std::io::stderr().write_all(CANCELLED.as_bytes());
                Ok::<_, Failure>(Ok(code))
            }
            ended = work => Ok(ended),
        }
    });
    // Nothing is shut down: work that is cut short would look like a defect, and the end of the
    // process ends it all the same.
    std::mem::forget(runtime);
    match ended? {
        Ok(code) => Ok(code),
        Err(error) => match error.try_into_panic() {
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(error) => Err(Failure::Runtime(std::io::Error::other(error))),
        },
    }
}

/// Ends when a signal asks the process to end.
#[cfg(unix)]
fn cancelled() -> std::io::Result<impl Future<Output = ExitCode>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => ExitCode::INTERRUPTED,
            _ = terminate.recv() => ExitCode::TERMINATED,
        }
    })
}

/// Ends when Ctrl-C asks the process to end.
#[cfg(not(unix))]
fn cancelled() -> std::io::Result<impl Future<Output = ExitCode>> {
    Ok(async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ExitCode::INTERRUPTED,
            // Without the signal there is nothing to wait for.
            Err(_) => std::future::pending().await,
        }
    })
}
