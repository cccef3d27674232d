//! Whether releases are open, and when they open next.
//!
//! Open means: no deny window is active, and if there are allow windows at least one is. Windows
//! hold their start and do not hold their end, so that two that touch are like one.

use crate::series::{Occurrences, Series};
use crate::zone::{Instant, Zone};

/// How far ahead the next opening is looked for, in years.
pub(crate) const AHEAD_YEARS: i64 = 5;
/// The most looks at a series while the next opening is looked for.
pub(crate) const LOOKS_MAX: u64 = 5_000_000;

const AHEAD_SECONDS: i64 = AHEAD_YEARS * 366 * crate::civil::DAY_SECONDS;

/// A window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) name: String,
    pub(crate) reason: Option<String>,
    pub(crate) series: Vec<Series>,
}

/// All windows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    pub(crate) deny: Vec<Window>,
    /// None when releases need no allow window. With an empty list none is ever active.
    pub(crate) allow: Option<Vec<Window>>,
}

/// What holds at an instant.
#[derive(Debug)]
pub(crate) enum State<'a> {
    Open {
        /// Whether some window lies ahead, or is active.
        has_windows_ahead: bool,
    },
    Closed {
        /// The deny windows that are active, each with its end.
        denied: Vec<(&'a Window, &'a Zone, Instant)>,
        /// Whether an allow window is needed and none is active.
        is_outside: bool,
        next: Next,
    },
}

/// When releases open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    At(Instant),
    /// Not within [`AHEAD_YEARS`].
    NotWithin,
    /// Not up to an instant, where looking ahead became too much work.
    NotUpTo(Instant),
}

/// A series that is followed through time.
struct Track<'a> {
    window: &'a Window,
    series: &'a Series,
    occurrences: Occurrences<'a>,
    pending: Option<(Instant, Instant)>,
    /// The latest end of all occurrences that have begun.
    covered_until: Option<Instant>,
}

impl<'a> Track<'a> {
    fn new(
        window: &'a Window,
        series: &'a Series,
        (from, to): (Instant, Instant),
    ) -> Result<Self, String> {
        let mut occurrences = series.occurrences(from, to).map_err(|error| {
            format!("the window {}: {error}", crate::words::quoted(&window.name))
        })?;
        let pending = occurrences.next();
        Ok(Self {
            window,
            series,
            occurrences,
            pending,
            covered_until: None,
        })
    }

    /// Goes on to an instant, and gives the end of what is active there. Time goes forward only.
    fn active_until(&mut self, now: Instant) -> Option<Instant> {
        while let Some((begin, end)) = self.pending
            && begin <= now
        {
            self.covered_until = self.covered_until.max(Some(end));
            self.pending = self.occurrences.next();
        }
        self.covered_until.filter(|end| *end > now)
    }

    fn is_over(&self) -> bool {
        self.pending.is_none()
    }
}

fn tracks(windows: &[Window], span: (Instant, Instant)) -> Result<Vec<Track<'_>>, String> {
    windows
        .iter()
        .flat_map(|window| window.series.iter().map(move |series| (window, series)))
        .map(|(window, series)| Track::new(window, series, span))
        .collect()
}

impl Schedule {
    /// Whether releases are open at an instant.
    ///
    /// # Errors
    ///
    /// When a rule cannot be worked out within its bounds.
    pub(crate) fn at(&self, now: Instant) -> Result<State<'_>, String> {
        let last = Instant(now.0 + AHEAD_SECONDS);
        let mut deny = tracks(&self.deny, (now, last))?;
        let mut allow = self
            .allow
            .as_ref()
            .map(|allow| tracks(allow, (now, last)))
            .transpose()?;
        let mut denied = Vec::new();
        for track in &mut deny {
            if let Some(end) = track.active_until(now) {
                denied.push((track.window, &track.series.zone, end));
            }
        }
        let mut is_outside = false;
        if let Some(allow) = &mut allow {
            is_outside = true;
            for track in allow {
                is_outside &= track.active_until(now).is_none();
            }
        }
        if denied.is_empty() && !is_outside {
            let all = deny.iter().chain(allow.iter().flatten());
            let has_windows_ahead = allow.is_some() || !all.into_iter().all(Track::is_over);
            return Ok(State::Open { has_windows_ahead });
        }
        let next = next_opening(&mut deny, allow.as_deref_mut(), now, last);
        Ok(State::Closed {
            denied,
            is_outside,
            next,
        })
    }
}

fn next_opening(
    deny: &mut [Track<'_>],
    mut allow: Option<&mut [Track<'_>]>,
    from: Instant,
    last: Instant,
) -> Next {
    let mut now = from;
    let mut looks = 0;
    while now < last {
        looks += (deny.len() + allow.as_ref().map_or(0, |allow| allow.len())) as u64;
        if looks > LOOKS_MAX {
            return Next::NotUpTo(now);
        }
        if let Some(end) = deny
            .iter_mut()
            .filter_map(|track| track.active_until(now))
            .max()
        {
            now = end;
            continue;
        }
        let Some(allow) = allow.as_deref_mut() else {
            return Next::At(now);
        };
        let mut is_active = false;
        for track in allow.iter_mut() {
            is_active |= track.active_until(now).is_some();
        }
        if is_active {
            return Next::At(now);
        }
        match allow.iter().filter_map(|track| track.pending).min() {
            Some((begin, _)) => now = begin,
            None => return Next::NotWithin,
        }
    }
    Next::NotWithin
}
