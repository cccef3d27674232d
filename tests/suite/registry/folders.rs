//! Folders that `holdpoint plugin vendor` wrote, handed over and taken into another pipeline, where
//! their registry is not to be had.

use super::*;

/// Who hands a folder over.
struct Vendor {
    world: World,
    registry: Option<RealRegistry>,
    reference: String,
}

impl Vendor {
    /// A vendor whose folder has this component, signed by `acme`, as `judge`.
    fn with(component: &str) -> Self {
        let registry = RealRegistry::start();
        let world = World::new(registry.0.address());
        let reference = registry.reference("vendor/judge:1");
        let vendor = Self {
            world,
            registry: Some(registry),
            reference,
        };
        vendor.give(component, &vendor.reference, "judge");
        vendor
    }

    /// Signs a component, pushes it, and takes it into the folder.
    fn give(&self, component: &str, reference: &str, name: &str) {
        let file = self.world.component(component);
        self.world.sign(&file, "acme");
        self.world.push(&file, reference).expect_code(0);
        let words = if self.world.gate().join("holdpoint.lock").exists()
            && self
                .world
                .read("holdpoint.lock")
                .contains(&format!("[plugins.{name}]"))
        {
            ["update", name, "--accept"].to_vec()
        } else {
            ["add", reference, "--name", name].to_vec()
        };
        self.world.plugin(&words).expect_code(0);
        self.world.plugin(&["vendor"]).expect_code(0);
    }

    fn folder(&self) -> PathBuf {
        self.world.gate().join("holdpoint-vendor")
    }

    /// The registry is not there any more.
    fn close(&mut self) {
        self.registry = None;
    }

    /// Who gets a copy of the folder, trusts `acme`, and has another registry than this one.
    fn customer(&self) -> Customer {
        let world = World::new(SocketAddr::from(([127, 0, 0, 1], 9)));
        let key = fs::read(self.world.gate().join("acme.pub")).expect("a key");
        world.context.write("gate/acme.pub", key);
        world.context.write(
            "gate/holdpoint.toml",
            format!("# Ours.\n{}", trusting("acme")),
        );
        let customer = Customer { world };
        customer.copy(&self.folder());
        customer
    }
}

/// Who takes plugins from a folder.
struct Customer {
    world: World,
}

impl Customer {
    fn stick(&self) -> PathBuf {
        self.world.context.path().join("stick")
    }

    /// Copies a folder anew.
    fn copy(&self, folder: &Path) {
        let stick = self.stick();
        let _ = fs::remove_dir_all(&stick);
        fs::create_dir(&stick).expect("a folder");
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), stick.join(entry.file_name())).expect("a copy");
        }
    }

    fn add(&self, more: &[&str]) -> Ran {
        self.world.plugin(&[&["add", "../stick"], more].concat())
    }

    /// The only file of the folder that ends like this.
    fn file(&self, end: &str) -> PathBuf {
        let entries = fs::read_dir(self.stick()).expect("a folder");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        let found = paths.find(|path| path.to_str().expect("a path").ends_with(end));
        found.unwrap_or_else(|| panic!("{end}"))
    }

    /// A run that nobody else is asked for.
    fn run(&self) -> Ran {
        let text = self.world.read("holdpoint.toml");
        if !text.contains("behaviour") {
            let settings = "[plugins.judge]\nsettings.behaviour = \"nothing\"\n";
            let text = text.replace("[plugins.judge]\n", settings);
            self.world.context.write("gate/holdpoint.toml", text);
        }
        self.world
            .run(&["--offline", "--no-cache", "--format", "json"])
    }

    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(
            self.world.read("holdpoint.toml"),
            format!("# Ours.\n{}", trusting("acme"))
        );
        assert!(!self.world.gate().join("holdpoint.lock").exists());
        assert!(!self.world.gate().join("holdpoint-vendor").exists());
    }
}

#[test]
fn a_folder_that_was_handed_over_is_taken_and_run_without_its_registry() {
    let mut vendor = Vendor::with("hostile");
    let customer = vendor.customer();
    vendor.close();
    let added = customer
        .add(&["--stage", "policy", "--format", "json"])
        .expect_code(0)
        .json();
    let plugin = &added["plugins"][0];
    assert_eq!(plugin["name"], "judge", "{added:#}");
    assert_eq!(plugin["source"], vendor.reference.as_str());
    assert_eq!(plugin["signers"].as_array().map(Vec::len), Some(1));
    let text = customer.world.read("holdpoint.toml");
    assert!(
        text.starts_with("# Ours.\n") && text.contains(&vendor.reference),
        "{text}"
    );
    let own = |world: &World| {
        let lock = world.read("holdpoint.lock");
        lock[lock.find("[plugins.judge]").expect("it is there")..].to_owned()
    };
    // What was unsigned for the vendor, whose pipeline trusts nobody, is signed here.
    let signers = plugin["signers"][0].as_str().expect("a key");
    let line = format!("signers = [\"{signers}\"]\n");
    assert_eq!(own(&customer.world).replace(&line, ""), own(&vendor.world));
    // The stick is not needed any more.
    fs::remove_dir_all(customer.stick()).expect("it was there");
    let report = customer.run().json();
    assert_eq!(
        report["stages"][0]["plugins"][0]["digest"], plugin["digest"],
        "{report:#}"
    );
    // What is beside the pipeline now is such a folder too, and taking it again changes nothing.
    let text = customer.world.read("holdpoint.toml");
    customer
        .world
        .plugin(&["add", "holdpoint-vendor"])
        .expect_code(0);
    assert_eq!(customer.world.read("holdpoint.toml"), text);
    customer.run().json();
}

#[test]
fn every_plugin_of_a_folder_is_taken() {
    let vendor = Vendor::with("hostile");
    let second = vendor.reference.replace("judge:1", "reader:3");
    vendor.give("reader", &second, "reader");
    let customer = vendor.customer();
    let named = customer.add(&["--name", "other"]).expect_code(2);
    assert!(
        words(&named.stderr).contains("it has 2 plugins, and --name is for one"),
        "{}",
        named.stderr
    );
    customer.assert_untouched();
    let page = customer.add(&[]).expect_code(0).stdout;
    for expected in ["judge 1.0.0 is taken", "reader 1.0.0 is taken", "asks for"] {
        assert!(page.contains(expected), "{page}");
    }
    let text = customer.world.read("holdpoint.toml");
    assert!(
        text.contains(&vendor.reference) && text.contains(&second),
        "{text}"
    );
    let lock = customer.world.read("holdpoint.lock");
    assert!(
        lock.contains("[plugins.judge]") && lock.contains("[plugins.reader]"),
        "{lock}"
    );
}

/// What is said of a folder that something was done to. Nothing is taken from it.
#[track_caller]
fn refused(customer: &Customer, expected: &str) {
    let ran = customer.add(&["--stage", "policy"]).expect_code(2);
    let said = words(&ran.stderr);
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("help:"), "{said}");
    customer.assert_untouched();
}

#[test]
fn a_folder_that_is_not_as_it_was_written_is_refused() {
    let vendor = Vendor::with("hostile");
    let customer = vendor.customer();
    let again = || customer.copy(&vendor.folder());
    // Somebody changed the component, or put another one there.
    let component = customer.file(".wasm");
    let mut bytes = fs::read(&component).expect("a component");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&component, bytes).expect("it can be written");
    refused(
        &customer,
        "is not the plugin that holdpoint.lock in it names",
    );
    fs::copy(program("reader"), &component).expect("a copy");
    refused(&customer, "the digest is sha256:");
    // What it is is not even looked at.
    fs::write(&component, "no component").expect("it can be written");
    refused(
        &customer,
        "is not the plugin that holdpoint.lock in it names",
    );
    fs::remove_file(&component).expect("it was there");
    refused(&customer, "does not have the plugin `judge`");
    // Or what is said of it.
    again();
    let lock = customer.file(".lock");
    let text = fs::read_to_string(&lock).expect("a lock");
    for (from, to, expected) in [
        (
            "version = \"1.0.0\"",
            "version = \"9.9.9\"",
            "the version is 1.0.0",
        ),
        ("size = 1", "size = 2", "the size is"),
        (
            "source = \"oci://",
            "source = \"./",
            "does not begin with `oci://`",
        ),
        ("format = 1", "format = 2", "it has the format 2"),
        ("[plugins.judge]", "[plugins.No]", "`No`"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        fs::write(&lock, text.replace(from, to)).expect("it can be written");
        refused(&customer, expected);
    }
    // Or the signature, which is held against the keys of who takes it.
    again();
    fs::remove_file(customer.file(".sigstore.json")).expect("it was there");
    refused(&customer, "there is no signature of it in");
    again();
    let zeta = customer.world.component("hostile");
    customer.world.sign(&zeta, "zeta");
    let bundle = customer.file(".sigstore.json");
    fs::copy(zeta.with_extension("wasm.sigstore.json"), bundle).expect("a copy");
    refused(&customer, "of none of the keys");
    again();
    customer.add(&["--stage", "policy"]).expect_code(0);
}

#[test]
fn what_a_folder_cannot_show_or_does_not_have_is_refused() {
    let vendor = Vendor::with("hostile");
    let customer = vendor.customer();
    // A file of whoever takes it, which nobody handed over.
    let own = customer.world.context.write("own", "private");
    for end in [".wasm", ".sigstore.json", ".lock"] {
        customer.copy(&vendor.folder());
        let file = customer.file(end);
        fs::remove_file(&file).expect("it was there");
        std::os::unix::fs::symlink(&own, &file).expect("a link");
        refused(&customer, "it is a link");
    }
    customer.copy(&vendor.folder());
    fs::write(customer.file(".sigstore.json"), "none").expect("it can be written");
    refused(&customer, "does not count");
    // What the registry calls by a digest only the registry shows.
    customer.copy(&vendor.folder());
    let lock = customer.file(".lock");
    let text = fs::read_to_string(&lock).expect("a lock");
    let named = vendor
        .reference
        .replace(":1", &format!("@sha256:{}", "a".repeat(64)));
    fs::write(&lock, text.replace(&vendor.reference, &named)).expect("it can be written");
    refused(&customer, "names a digest of the registry");
    // What else was said of a plugin, such as how it was built, is neither in the way nor taken along.
    customer.copy(&vendor.folder());
    let bundle = customer.file(".sigstore.json");
    let name = bundle.file_name().expect("a name").to_string_lossy();
    let other = name.replace(".1.sigstore.json", ".2.sigstore.json");
    assert_ne!(name, other);
    fs::write(bundle.with_file_name(&other), "{}").expect("it can be written");
    customer.add(&["--stage", "policy"]).expect_code(0);
    let taken = customer.world.gate().join("holdpoint-vendor");
    assert!(taken.join(&*name).is_file());
    assert!(!taken.join(&other).exists());
}

#[test]
fn a_folder_with_nothing_that_is_used_updates_nothing() {
    let vendor = Vendor::with("hostile");
    let customer = vendor.customer();
    customer.add(&["--stage", "policy"]).expect_code(0);
    let lock = customer.file(".lock");
    let text = fs::read_to_string(&lock).expect("a lock");
    let other = text.replace("[plugins.judge]", "[plugins.other]");
    fs::write(&lock, other).expect("it can be written");
    let ran = customer
        .world
        .plugin(&["update", "--from", "../stick"])
        .expect_code(2);
    let said = words(&ran.stderr);
    assert!(said.contains("has a name that it has: other"), "{said}");
}

#[test]
fn a_folder_that_is_no_such_one_says_what_it_is() {
    let world = World::new(SocketAddr::from(([127, 0, 0, 1], 9)));
    let before = world.read("holdpoint.toml");
    world.context.write("gate/source/plugin.toml", "");
    world
        .context
        .write("gate/outer/holdpoint-vendor/holdpoint.lock", "format = 1\n");
    fs::create_dir(world.gate().join("empty")).expect("a folder");
    for (folder, expected, help) in [
        (
            "empty",
            "it has no holdpoint.lock",
            "holdpoint plugin vendor",
        ),
        (
            "outer",
            "it has no holdpoint.lock",
            "name outer/holdpoint-vendor",
        ),
        (
            "outer/holdpoint-vendor",
            "there is no plugin in it",
            "holdpoint plugin vendor",
        ),
        (
            "source",
            "it is the source of a plugin",
            "holdpoint plugin build source",
        ),
    ] {
        let ran = world.plugin(&["add", folder]).expect_code(2);
        let said = words(&ran.stderr);
        assert!(said.contains(expected), "{folder}: {said}");
        assert!(said.contains(help), "{folder}: {said}");
        assert_eq!(world.read("holdpoint.toml"), before);
        assert!(!world.gate().join("holdpoint.lock").exists());
    }
}

#[test]
fn a_later_folder_is_taken_by_an_update() {
    let mut vendor = Vendor::with("hostile");
    let customer = vendor.customer();
    customer.add(&["--stage", "policy"]).expect_code(0);
    let before = customer.world.read("holdpoint.lock");
    let update = |more: &[&str]| {
        let words = ["update", "--from", "../stick"];
        customer.world.plugin(&[&words, more].concat())
    };
    let same = update(&[]).expect_code(0);
    assert!(same.stdout.contains("Nothing differs"), "{}", same.stdout);
    // The same tag has something else by now, which asks for more.
    vendor.give("asker", &vendor.reference, "judge");
    customer.copy(&vendor.folder());
    vendor.close();
    let again = customer.add(&[]).expect_code(2);
    assert!(
        words(&again.stderr).contains("is something else now") && again.stderr.contains("--from"),
        "{}",
        again.stderr
    );
    let refused = update(&[]).expect_code(2);
    assert!(
        words(&refused.stdout).contains("It asks for more than before"),
        "{}",
        refused.stdout
    );
    assert_eq!(customer.world.read("holdpoint.lock"), before);
    update(&["judge", "--accept"]).expect_code(0);
    let after = customer.world.read("holdpoint.lock");
    assert_ne!(after, before);
    // Its bytes are beside the pipeline.
    let vendored = customer.world.gate().join("holdpoint-vendor");
    let digest = after.lines().find(|line| line.starts_with("digest"));
    let digest = digest.and_then(|line| line.split('"').nth(1));
    let file = format!("{}.wasm", digest.expect("a digest").replace(':', "-"));
    assert!(vendored.join(file).is_file());
    // What the folder does not have, or has from elsewhere, is not taken.
    let unknown = update(&["other"]).expect_code(2);
    assert!(
        words(&unknown.stderr).contains("no plugin `other`"),
        "{}",
        unknown.stderr
    );
    let text = customer.world.read("holdpoint.toml");
    let other = vendor.reference.replace(":1", ":2");
    let text = text.replace(&format!("{}\"", vendor.reference), &format!("{other}\""));
    customer.world.context.write("gate/holdpoint.toml", text);
    let elsewhere = update(&[]).expect_code(2);
    assert!(
        words(&elsewhere.stderr).contains(&format!("the pipeline file says `{other}`")),
        "{}",
        elsewhere.stderr
    );
    assert_eq!(customer.world.read("holdpoint.lock"), after);
}
