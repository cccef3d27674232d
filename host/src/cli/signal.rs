use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::{ExitCode, Failure};

/// What is said when a signal ends the process and nothing is recorded of it.
const CANCELLED: &str = "\ncancelled: nothing was decided and nothing was carried out\n";

/// What is said when a signal ends a sitting.
const CANCELLING: &str = "\ncancelled: what is being carried out is ended and recorded\n";

/// How long a sitting may take to end after a signal: its commands are ended, the journal is written
/// and leases are given back.
const ENDING_TIME_MAX: Duration = Duration::from_secs(5);

/// Whether everything is to end, as who works sees it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Cancellation {
    signal: watch::Receiver<Option<&'static str>>,
    is_heeded: Arc<AtomicBool>,
}

impl Cancellation {
    /// Asks for time to end in an orderly way: from now on a signal waits for the work.
    pub(super) fn heed(&self) -> watch::Receiver<Option<&'static str>> {
        self.is_heeded.store(true, Ordering::Release);
        self.signal.clone()
    }
}

/// Does `work` on a thread of its own, until it ends or a signal asks the process to end.
///
/// Work that asked for it with [`Cancellation::heed`] gets [`ENDING_TIME_MAX`] to end by itself; any
/// other is not waited for: it holds nothing that has to be given back, and the end of the process
/// ends every thread.
///
/// # Errors
///
/// When the runtime or the signals cannot be had.
///
/// # Panics
///
/// Where `work` panics, with the same payload.
pub(super) fn heed(
    work: impl FnOnce(Cancellation) -> ExitCode + Send + 'static,
) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let ended = runtime.block_on(async {
        let cancelled = cancelled().map_err(Failure::Runtime)?;
        let (tell, signal) = watch::channel(None);
        let cancellation = Cancellation {
            signal,
            is_heeded: Arc::default(),
        };
        let is_heeded = Arc::clone(&cancellation.is_heeded);
        let mut work = tokio::task::spawn_blocking(move || work(cancellation));
        tokio::select! {
            (name, code) = cancelled => {
                let is_heeded = is_heeded.load(Ordering::Acquire);
                let words = if is_heeded { CANCELLING } else { CANCELLED };
                // Where standard error is gone, the exit code still says it.
                let _ = std::io::stderr().write_all(words.as_bytes());
                if is_heeded {
                    let _ = tell.send(Some(name));
                    // Work that ends says what it came to; the code is that of the signal either way.
                    if let Ok(Err(error)) = tokio::time::timeout(ENDING_TIME_MAX, &mut work).await {
                        return Ok::<_, Failure>(Err(error));
                    }
                }
                Ok(Ok(code))
            }
            ended = &mut work => Ok(ended),
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

/// Ends when a signal asks the process to end: its name, and what the process ends with.
#[cfg(unix)]
fn cancelled() -> std::io::Result<impl Future<Output = (&'static str, ExitCode)>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => ("SIGINT", ExitCode::INTERRUPTED),
            _ = terminate.recv() => ("SIGTERM", ExitCode::TERMINATED),
        }
    })
}

/// Ends when Ctrl-C asks the process to end.
#[cfg(not(unix))]
fn cancelled() -> std::io::Result<impl Future<Output = (&'static str, ExitCode)>> {
    Ok(async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ("SIGINT", ExitCode::INTERRUPTED),
            // Without the signal there is nothing to wait for.
            Err(_) => std::future::pending().await,
        }
    })
}
