//! Where the operator's proxy is named, and where it is not.

use super::*;
use crate::loopback::{Certificate, Tunnel};

#[test]
fn a_plugin_asks_through_the_proxy_that_the_operator_names() {
    let runtime = runtime();
    let project = Project::new();
    let certificate = Certificate::new(&project.context, "DNS:tickets.example.com");
    let server = runtime.block_on(Server::tls(
        &certificate,
        [Reply::with(200, "", "approved")],
    ));
    let tunnel = runtime.block_on(Tunnel::to(server.address));
    let grants = format!(
        "grants.http = [{{ methods = [\"GET\"], url = \"https://tickets.example.com/\" }}]\n\
         grants.ca = \"{}\"\n\
         grants.secrets.unused = {{ env = \"TOKEN\", for = \"https://tickets.example.com\" }}",
        certificate.authority.display()
    );
    let pipeline = pipeline(&grants, "{ url = \"https://tickets.example.com/7\" }");
    let proxy = tunnel.url().replace("http://", "http://ci:passw0rd@");
    let variables = [
        ("HOLDPOINT_PROXY", proxy.as_str()),
        ("HOLDPOINT_PROXY_CHECKS", "1"),
    ];
    assert_eq!(project.answers(&pipeline, &variables), ["200 approved"]);
    assert_eq!(tunnel.asked(), ["CONNECT tickets.example.com:443 HTTP/1.1"]);
    assert!(tunnel.received()[0].header("proxy-authorization").is_some());
    assert_eq!(server.received().len(), 1);
}

#[test]
fn the_proxies_of_other_programs_do_not_count() {
    let runtime = runtime();
    let project = Project::new();
    let server = runtime.block_on(Server::new([Reply::with(200, "", "near")]));
    let tunnel = runtime.block_on(Tunnel::to(server.address));
    let url = server.url("/rest/1");
    let proxy = tunnel.url();
    let names = [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    let variables = names.map(|name| (name, proxy.as_str()));
    let pipeline = pipeline(&rest(&server), &format!("{{ url = \"{url}\" }}"));
    assert_eq!(project.answers(&pipeline, &variables), ["200 near"]);
    assert!(tunnel.asked().is_empty());
}

#[test]
fn what_is_no_proxy_is_refused_before_anything_and_its_password_is_not_shown() {
    let project = Project::new();
    let run = |arguments: &[&str], proxy: Option<&str>| {
        let mut command = project.context.command(project.repository.path());
        command.args(["run", "--dry-run"]).args(arguments);
        command.envs(proxy.map(|proxy| ("HOLDPOINT_PROXY", proxy)));
        Ran::of(command.output())
    };
    let ran = run(&[], Some("https://ci:passw0rd@proxy.example.com")).expect_code(2);
    assert!(ran.stderr.contains("HOLDPOINT_PROXY"), "{}", ran.stderr);
    assert!(ran.stderr.contains("without TLS"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("passw0rd"), "{}", ran.stderr);
    let ran = run(&["--proxy-checks"], None).expect_code(2);
    assert!(ran.stderr.contains("none is named"), "{}", ran.stderr);
    run(&[], Some("")).expect_code(0);
    let help = Ran::of(
        project
            .context
            .command(project.repository.path())
            .args(["run", "--help"])
            .env("HOLDPOINT_PROXY", "http://ci:passw0rd@proxy.example.com")
            .output(),
    );
    assert!(help.stdout.contains("HOLDPOINT_PROXY"), "{}", help.stdout);
    assert!(!help.stdout.contains("passw0rd"), "{}", help.stdout);
}
