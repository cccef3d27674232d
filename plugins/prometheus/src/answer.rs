use std::collections::BTreeMap;

use holdpoint_sdk::{Fault, HttpResponse};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::words::{SAID_CHARACTERS_MAX, shortened};

/// The values of one series, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Its labels, with the name of the metric among them.
    pub(crate) labels: BTreeMap<String, String>,
    /// Times, in seconds, and values.
    pub(crate) values: Vec<(f64, f64)>,
}

/// What Prometheus says to a query.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// What the query gives.
    pub(crate) series: Vec<Series>,
    /// What Prometheus, or something between it and us, thinks of the query or of the answer.
    pub(crate) warnings: Vec<String>,
}

/// Every answer has this form, whatever `result` holds.
#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<Data<T>>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Data<T> {
    #[serde(rename = "resultType")]
    result_type: String,
    result: T,
}

/// A number is written as a text, because JSON has neither NaN nor infinity.
type Point = (f64, String);

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: Option<Point>,
    histogram: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Samples {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<Point>,
    histograms: Option<IgnoredAny>,
}

/// Reads an answer; `is_range` says whether values over a time were asked for.
pub(crate) fn read(response: &HttpResponse, is_range: bool) -> Result<Answer, Fault> {
    // What `result` holds is said beside it, before or after: the form is read first.
    let form: Result<Envelope<IgnoredAny>, Fault> = parsed(&response.body);
    if response.status != 200 {
        return Err(refusal(response.status, form.ok()));
    }
    let form = form?;
    if form.status != "success" {
        return Err(refusal(response.status, Some(form)));
    }
    let result_type = form.data.map(|data| data.result_type);
    let series = match (result_type.as_deref(), is_range) {
        (Some("vector"), false) => {
            let samples: Vec<Sample> = result(&response.body)?;
            let series = samples.into_iter().map(|sample| {
                let is_histogram = sample.histogram.is_some();
                series(sample.metric, sample.value.into_iter(), is_histogram)
            });
            series.collect::<Result<_, _>>()?
        }
        (Some("matrix"), true) => {
            let samples: Vec<Samples> = result(&response.body)?;
            let series = samples.into_iter().map(|samples| {
                let is_histogram = samples.histograms.is_some();
                series(samples.metric, samples.values.into_iter(), is_histogram)
            });
            series.collect::<Result<_, _>>()?
        }
        (Some("scalar"), false) => {
            let point: Point = result(&response.body)?;
            vec![series(BTreeMap::new(), std::iter::once(point), false)?]
        }
        (Some("matrix"), false) => {
            return Err(Fault::settings(
                "the query selects a range of values: make one of it, as with `rate(…)`",
            ));
        }
        (Some("string"), _) => {
            return Err(Fault::settings("the query gives a text, and no number"));
        }
        (Some(other), _) => {
            return Err(Fault::malformed(format!(
                "the answer has a result of the type `{}`, which was not asked for",
                shortened(other, SAID_CHARACTERS_MAX)
            )));
        }
        (None, _) => return Err(Fault::malformed("the answer has no `data`")),
    };
    let warnings = [form.warnings, form.infos];
    Ok(Answer {
        series,
        warnings: warnings.into_iter().flatten().flatten().collect(),
    })
}

fn series(
    labels: BTreeMap<String, String>,
    points: impl ExactSizeIterator<Item = Point>,
    is_histogram: bool,
) -> Result<Series, Fault> {
    if is_histogram {
        return Err(Fault::settings(
            "the query gives histograms, and no numbers: make them of it, as with \
             `histogram_quantile(…)`",
        ));
    }
    if points.len() == 0 {
        return Err(Fault::malformed("the answer has a series without a value"));
    }
    let values = points.map(|(time, text)| match text.parse::<f64>() {
        Ok(value) => Ok((time, value)),
        Err(_) => Err(Fault::malformed(format!(
            "the answer has a value that is no number: `{}`",
            shortened(&text, SAID_CHARACTERS_MAX)
        ))),
    });
    Ok(Series {
        labels,
        values: values.collect::<Result<_, _>>()?,
    })
}

/// The result, once it is known what it holds.
fn result<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let envelope: Envelope<T> = parsed(body)?;
    let data = envelope.data.map(|data| data.result);
    data.ok_or_else(|| Fault::malformed("the answer has no `data`"))
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let words = shortened(&error.to_string(), SAID_CHARACTERS_MAX);
        Fault::malformed(format!(
            "the answer is not one that Prometheus gives: {words}"
        ))
    })
}

/// What an answer that is an error means, with what the server says about it.
fn refusal(status: u16, form: Option<Envelope<IgnoredAny>>) -> Fault {
    let (error_type, error) = form.map_or((None, None), |form| (form.error_type, form.error));
    let said: Vec<String> = [&error_type, &error]
        .into_iter()
        .flatten()
        .map(|words| shortened(words, SAID_CHARACTERS_MAX))
        .collect();
    let said = if said.is_empty() {
        String::new()
    } else {
        format!(": {}", said.join(": "))
    };
    let message = format!("Prometheus answered with an error, status {status}{said}");
    match (status, error_type.as_deref()) {
        // What stands between answers as it likes; these are Prometheus's own words for the query.
        (_, Some("bad_data" | "execution")) | (400 | 422, _) => Fault::settings(message),
        (200 | 408 | 429 | 500.., _) => Fault::unavailable(message),
        (404, None) => Fault::settings(format!(
            "{message}; `url` has to be where Prometheus is, without `/api/v1`"
        )),
        (300..400, _) => Fault::missing(format!("{message}; redirects are not followed")),
        _ => Fault::missing(message),
    }
}
