//! How well the shipped component ranks commits that were later blamed for a defect: fitted on all
//! projects but one, tested on that one. `make auc` gives the folder of the data.

use std::path::{Path, PathBuf};

use holdpoint::model::{Location, Measures, Subject};
use serde_json::json;

use super::fit::{INPUTS, Row, area_under_curve, fit};
use super::{ChangeRisk, release_of, shipped};

/// The environment variable that names the folder of the data.
const FOLDER: &str = "HOLDPOINT_AUC_DATA";
/// The columns of the data that are read, as it names them.
const COLUMNS: [&str; 8] = ["la", "ld", "nf", "nd", "ns", "entropy", "fix", "bug"];
/// The coefficients by their names in the settings, in the order of the inputs.
const NAMES: [&str; INPUTS] = [
    "intercept",
    "lines-added",
    "lines-deleted",
    "files",
    "directories",
    "subsystems",
    "entropy",
    "fix",
];
/// Commits of one call: as many as the plugin can be made to name.
const COMMITS_PER_CALL: usize = 100;
/// Half a unit of the last digit of the shipped coefficients, and what rounding adds.
const ROUNDING: f64 = 0.000_051;

struct Project {
    name: String,
    measures: Vec<Measures>,
    blamed: Vec<bool>,
}

impl Project {
    fn rows(&self) -> impl Iterator<Item = Row> {
        self.measures
            .iter()
            .map(inputs)
            .zip(self.blamed.iter().copied())
    }
}

fn inputs(measures: &Measures) -> [f64; INPUTS] {
    let logarithm = |count: u32| f64::from(count).ln_1p();
    [
        1.0,
        logarithm(measures.insertions),
        logarithm(measures.deletions),
        logarithm(measures.files),
        logarithm(measures.directories),
        logarithm(measures.subsystems),
        measures.entropy,
        f64::from(u8::from(measures.fix)),
    ]
}

fn read(path: &Path) -> Project {
    let text = std::fs::read_to_string(path).expect("it can be read");
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let columns = COLUMNS.map(|name| {
        head.iter()
            .position(|column| *column == name)
            .unwrap_or_else(|| panic!("{} has no column {name}", path.display()))
    });
    let mut project = Project {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        measures: Vec::new(),
        blamed: Vec::new(),
    };
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let [la, ld, nf, nd, ns, entropy, fix, bug] = columns.map(|column| fields[column]);
        let count = |text: &str| text.parse::<u32>().expect("a count");
        project.measures.push(Measures {
            files: count(nf),
            directories: count(nd),
            subsystems: count(ns),
            insertions: count(la),
            deletions: count(ld),
            entropy: entropy.parse().expect("a number"),
            fix: fix != "0",
        });
        project.blamed.push(bug != "0");
    }
    project
}

/// What the component says that each commit weighs.
fn weights(plugin: &ChangeRisk, measures: &[Measures], coefficients: &[f64; INPUTS]) -> Vec<f64> {
    let coefficients: serde_json::Map<String, serde_json::Value> = NAMES
        .iter()
        .zip(coefficients)
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let settings = json!({ "commits-shown": COMMITS_PER_CALL, "coefficients": coefficients });
    let mut weights = Vec::with_capacity(measures.len());
    for measures in measures.chunks(COMMITS_PER_CALL) {
        weights.extend(weigh(plugin, release_of(measures), &settings));
    }
    weights
}

fn weigh(plugin: &ChangeRisk, subject: Subject, settings: &serde_json::Value) -> Vec<f64> {
    let ids: Vec<_> = subject
        .commits
        .iter()
        .map(|commit| commit.id.clone())
        .collect();
    let assessment = plugin.assess(subject, settings);
    let mut weights = vec![f64::NAN; ids.len()];
    for factor in &assessment.factors {
        if factor.name.raw() == "commit"
            && let Location::Commit(id) = &factor.location
            && let Some(index) = ids.iter().position(|known| known == id)
        {
            weights[index] = factor.weight;
        }
    }
    let sum: f64 = weights.iter().sum();
    assert!(
        (sum - assessment.magnitude).abs() < 1e-9,
        "the magnitude {} is not the sum {sum} of what the commits weigh",
        assessment.magnitude
    );
    weights
}

/// What the component ships, as the schema of its settings says.
fn shipped_coefficients() -> [f64; INPUTS] {
    let schema = shipped().manifest.settings.clone();
    let defaults = &schema["properties"]["coefficients"]["default"];
    NAMES.map(|name| defaults[name].as_f64().expect("a number"))
}

#[test]
#[ignore = "needs the data: make auc DATA=FOLDER"]
#[allow(clippy::cast_precision_loss, reason = "counts of commits")]
fn table_of_named_data() {
    let folder = std::env::var_os(FOLDER)
        .unwrap_or_else(|| panic!("name the folder of the data: make auc DATA=FOLDER"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&folder).display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
        .collect();
    files.sort();
    assert!(files.len() > 1, "the folder has fewer than two CSV files");
    let projects: Vec<Project> = files.iter().map(|path| read(path)).collect();
    let plugin = ChangeRisk::load();

    println!("project      commits  blamed  lines added  change-risk");
    let (mut sum_lines, mut sum_model) = (0.0, 0.0);
    for tested in &projects {
        let others: Vec<Row> = projects
            .iter()
            .filter(|project| project.name != tested.name)
            .flat_map(Project::rows)
            .collect();
        let scores = weights(&plugin, &tested.measures, &fit(&others));
        let lines: Vec<f64> = tested
            .measures
            .iter()
            .map(|measures| f64::from(measures.insertions))
            .collect();
        let by_lines = area_under_curve(&lines, &tested.blamed);
        let by_model = area_under_curve(&scores, &tested.blamed);
        let blamed = tested.blamed.iter().filter(|blamed| **blamed).count();
        println!(
            "{:<12} {:>7}  {:>4.1} %  {by_lines:>11.4}  {by_model:>11.4}",
            tested.name,
            tested.blamed.len(),
            100.0 * blamed as f64 / tested.blamed.len() as f64,
        );
        sum_lines += by_lines;
        sum_model += by_model;
    }
    let count = projects.len() as f64;
    let (mean_lines, mean_model) = (sum_lines / count, sum_model / count);
    println!("{:<29}  {mean_lines:>11.4}  {mean_model:>11.4}", "mean");

    println!("\ncoefficient    fitted on all  shipped");
    let all: Vec<Row> = projects.iter().flat_map(Project::rows).collect();
    let fitted = fit(&all);
    for ((name, fitted), shipped) in NAMES.iter().zip(fitted).zip(shipped_coefficients()) {
        println!("{name:<13}  {fitted:>13.6}  {shipped:>7.4}");
    }
    for ((name, fitted), shipped) in NAMES.iter().zip(fitted).zip(shipped_coefficients()) {
        assert!(
            (fitted - shipped).abs() <= ROUNDING,
            "the shipped coefficient `{name}` is {shipped}, and the data gives {fitted:.4}"
        );
    }
    assert!(
        mean_model > mean_lines,
        "the model does not beat lines added on the mean over projects"
    );
}
