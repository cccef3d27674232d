//! What sort of file a path names, by the customs of many languages.

/// The sorts that a release is looked at for. A path is of the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Copied from elsewhere, or written by a program.
    Vendored,
    /// Exact versions of dependencies.
    Lockfile,
    /// Which dependencies are asked for.
    Manifest,
    /// A step from one form of stored data to the next.
    Migration,
    /// What is run to build, test and deploy.
    Automation,
    /// A test.
    Test,
    /// Source code.
    Code,
    /// Values that change behaviour without code.
    Configuration,
    /// Documents, pictures and all else.
    Other,
}

const VENDORED_FOLDERS: &[&str] = &[
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "node_modules",
    "bower_components",
    "generated",
    "gen",
    "dist",
];
const VENDORED_ENDINGS: &[&str] = &[
    ".min.js",
    ".min.css",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    "_pb2.py",
    "_pb2_grpc.py",
    ".g.dart",
    ".g.cs",
    ".designer.cs",
    ".generated.ts",
    ".js.map",
    ".css.map",
];
const LOCKFILES: &[&str] = &[
    "cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "go.sum",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pipfile.lock",
    "gemfile.lock",
    "composer.lock",
    "mix.lock",
    "pubspec.lock",
    "podfile.lock",
    "package.resolved",
    "packages.lock.json",
    "gradle.lockfile",
    "flake.lock",
    "conan.lock",
    "module.bazel.lock",
];
const MANIFESTS: &[&str] = &[
    "cargo.toml",
    "package.json",
    "go.mod",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "pipfile",
    "gemfile",
    "composer.json",
    "mix.exs",
    "pubspec.yaml",
    "podfile",
    "package.swift",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "libs.versions.toml",
    "directory.packages.props",
    "conanfile.txt",
    "conanfile.py",
    "vcpkg.json",
    "module.bazel",
    "build.zig.zon",
    ".gitmodules",
];
const MANIFEST_ENDINGS: &[&str] = &[".csproj", ".fsproj", ".gemspec", ".cabal"];
const MIGRATION_FOLDERS: &[&str] = &[
    "migrations",
    "migrate",
    "migration",
    "alembic",
    "changesets",
];
const AUTOMATION_FOLDERS: &[&str] = &[
    ".github",
    ".gitlab",
    ".circleci",
    ".buildkite",
    ".ci",
    "ci",
    ".azure-pipelines",
    ".woodpecker",
];
const AUTOMATION_FILES: &[&str] = &[
    ".gitlab-ci.yml",
    "jenkinsfile",
    ".travis.yml",
    "appveyor.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "cloudbuild.yaml",
    ".drone.yml",
    "dockerfile",
    "containerfile",
    "docker-compose.yml",
    "compose.yaml",
    "makefile",
    "justfile",
];
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "spec",
    "specs",
    "__tests__",
    "testing",
    "testdata",
    "e2e",
];
const TEST_STEM_ENDINGS: &[&str] = &[
    "_test", "_tests", "_spec", ".test", ".spec", "-test", "-spec",
];
const CODE_ENDINGS: &[&str] = &[
    "rs", "go", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm", "py", "pyx", "js", "jsx",
    "mjs", "cjs", "ts", "tsx", "vue", "svelte", "java", "kt", "kts", "scala", "groovy", "cs", "fs",
    "vb", "rb", "php", "pl", "pm", "swift", "dart", "ex", "exs", "erl", "hrl", "hs", "ml", "mli",
    "clj", "lua", "r", "jl", "zig", "nim", "sh", "bash", "ps1", "sql", "asm", "s", "wat", "wit",
];
const CONFIGURATION_ENDINGS: &[&str] = &[
    "yml",
    "yaml",
    "toml",
    "json",
    "ini",
    "cfg",
    "conf",
    "config",
    "properties",
    "env",
    "tf",
    "tfvars",
    "hcl",
    "xml",
    "plist",
];

/// The sort of a path.
pub(crate) fn sort(path: &str) -> Sort {
    let path = path.to_ascii_lowercase();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
    let below = |folders: &[&str]| folder.split('/').any(|part| folders.contains(&part));
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if below(VENDORED_FOLDERS) || ends(VENDORED_ENDINGS) {
        Sort::Vendored
    } else if LOCKFILES.contains(&name) {
        Sort::Lockfile
    } else if MANIFESTS.contains(&name) || ends(MANIFEST_ENDINGS) || is_requirements(name) {
        Sort::Manifest
    } else if below(MIGRATION_FOLDERS) {
        Sort::Migration
    } else if below(AUTOMATION_FOLDERS) || AUTOMATION_FILES.contains(&name) {
        Sort::Automation
    } else if below(TEST_FOLDERS)
        || TEST_STEM_ENDINGS
            .iter()
            .any(|ending| stem.ends_with(ending))
        || stem.starts_with("test_")
        || matches!(stem, "test" | "tests" | "spec")
        || is_test_of_a_class(stem, ending)
    {
        Sort::Test
    } else if CODE_ENDINGS.contains(&ending) {
        Sort::Code
    } else if CONFIGURATION_ENDINGS.contains(&ending) || name.starts_with(".env") {
        Sort::Configuration
    } else {
        Sort::Other
    }
}

/// `requirements-dev.txt` and its like.
fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") && matches!(name.rsplit_once('.'), Some((_, "txt" | "in")))
}

/// `ParserTest.java` and its like.
fn is_test_of_a_class(stem: &str, ending: &str) -> bool {
    matches!(
        ending,
        "java" | "kt" | "scala" | "groovy" | "cs" | "php" | "swift"
    ) && (stem.ends_with("test") || stem.ends_with("tests"))
}

/// What a test and the code that it tests have in common: the name of the file without its folder,
/// its endings and what marks a test.
pub(crate) fn subject(path: &str) -> String {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem = stem.strip_prefix("test_").unwrap_or(stem);
    for ending in TEST_STEM_ENDINGS.iter().chain(&["tests", "test"]) {
        if let Some(rest) = stem.strip_suffix(ending).filter(|rest| !rest.is_empty()) {
            stem = rest;
            break;
        }
    }
    stem.to_owned()
}
