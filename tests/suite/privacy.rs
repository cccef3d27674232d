//! What the host knows stays with it: its environment and memory are not read by what it runs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::canary::{self, CANARY};
use crate::context::{Context, Ran, binary};

/// The user and group that nothing belongs to.
const NOBODY: u32 = 65_534;

/// Has a command of another user than the superuser run, to whom the system refuses nothing. It gives
/// the command a limit on core dumps that it did not choose.
fn as_nobody(context: &Context, folder: &Path) -> Command {
    let program = binary();
    let is_superuser = fs::metadata("/proc/self").expect("a process").uid() == 0;
    let mut command = if is_superuser {
        let mut command = context.command_of(Path::new("setpriv"), folder);
        command
            .arg(format!("--reuid={NOBODY}"))
            .arg(format!("--regid={NOBODY}"))
            .args(["--clear-groups", "--no-new-privs", "--", "sh", "-c"]);
        let owner = format!("{NOBODY}:{NOBODY}");
        let mut give = Command::new("chown");
        let given = give.arg("-R").arg(owner).arg(context.path()).output();
        Ran::of(given).expect_code(0);
        command
    } else {
        let mut command = context.command_of(Path::new("sh"), folder);
        command.arg("-c");
        command
    };
    command
        .arg("ulimit -S -c 8 && exec \"$@\"")
        .arg("sh")
        .arg(program);
    command
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_reads_neither_the_environment_nor_the_memory_of_the_host() {
    let context = Context::new();
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    // Of itself it can read all of it.
    let look = "for of in $PPID self; do for what in environ maps mem; do \
                if true < /proc/$of/$what; then echo $of $what open; else echo $of $what closed; fi; \
                done; done 2> /dev/null | sed s/$PPID/host/ > \\\"$HOME/seen\\\"; \
                cat /proc/$PPID/environ 2> /dev/null; ulimit -S -c >> \\\"$HOME/seen\\\"";
    let file = context.write(
        "holdpoint.toml",
        format!(
            "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n\
             [[stages]]\nid = \"deploy\"\nrun = [[\"sh\", \"-c\", \"{look}\"]]\n"
        ),
    );
    let mut command = as_nobody(&context, repository.path());
    command
        .args(["run", "--pipeline"])
        .arg(&file)
        .args(["--format", "json"])
        .env("TOKEN", CANARY);
    let ran = Ran::of(command.output());
    assert!(
        !ran.stderr.contains("setpriv") && !ran.stderr.contains("ermission denied"),
        "this test runs the program as nobody, for which it needs setpriv, and a target folder that \
         everybody can enter: {}",
        ran.stderr
    );
    let ran = ran.expect_code(0);
    canary::assert_none(ran.stdout.as_bytes(), "the report");
    let seen = fs::read_to_string(context.path().join("seen")).expect("what was seen");
    assert_eq!(
        seen,
        "host environ closed\nhost maps closed\nhost mem closed\n\
         self environ open\nself maps open\nself mem open\n0\n"
    );
}
