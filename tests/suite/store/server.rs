//! What a server owes by itself: who may use it, what is said of it, and what happens when it goes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use holdpoint::store::{Store, StoreError, Written, open_postgres};

use super::{At, began, block, cancelled, entry, holder, make, records, sit};
use crate::postgres::{Cluster, PASSWORD};

/// What opening an address says.
#[track_caller]
fn refused(address: &str) -> StoreError {
    let error = block(open_postgres(address)).expect_err(address);
    assert!(!error.help().is_empty());
    error
}

/// Nothing that is said of a store has the password, whatever goes wrong.
#[test]
fn the_password_is_never_said() {
    let cluster = Cluster::start();
    cluster.database("one");
    let password = PASSWORD;
    let good = cluster.network_address("127.0.0.1", "one");
    block(async {
        let store = open_postgres(&good).await.expect("it opens");
        let shown = format!("{} {store:?} {store:#?}", store.place());
        assert!(shown.contains("postgres://holdpoint@127.0.0.1:"), "{shown}");
        assert!(!shown.contains(password), "{shown}");
        let run = make(&store, 1).await;
        let sitting = sit(&store, &run.id, 1).await;
        let shown = format!("{sitting:?}");
        assert!(!shown.contains(password), "{shown}");
    });
    let wrong = [
        good.replace(password, &format!("{password}x")),
        good.replace("/one", "/two"),
        good.replace("holdpoint:", "nobody:"),
        good.replace("127.0.0.1:", "127.0.0.1:9"),
        good.replace("postgres:", "mysql:"),
        good.replace("127.0.0.1", "127.0.0.1 "),
        format!("{good}?sslmode=sometimes"),
        format!("{good}?sslmode=allow"),
        format!("{good}?sslmode=require"),
        format!("{good}?passphrase={password}"),
        format!("{good}?port={password}"),
        format!("postgres://{password}"),
        password.to_owned(),
        String::new(),
    ];
    for address in wrong {
        let error = refused(&address);
        let said = format!("{error} {error:?} {}", error.help());
        // Where it stands for a host, it is no password.
        if !address.ends_with(&format!("//{password}")) {
            assert!(!said.contains(password), "{said}");
        }
        assert!(
            matches!(
                error,
                StoreError::Address { .. } | StoreError::Unreachable { .. }
            ),
            "{error:?}"
        );
    }
    let error = refused(&format!("{good}?passphrase={password}"));
    assert!(
        error.to_string().contains("`passphrase` is not known"),
        "{error}"
    );
}

/// A password goes to another machine only through what was encrypted and checked. Here the address
/// is written so that it leads to this machine and does not look like it.
#[test]
fn another_machine_is_not_trusted_without_a_certificate() {
    let plain = Cluster::start();
    plain.database("one");
    let error = refused(&plain.network_address("127.1", "one"));
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("TLS"), "{error}");
    let said = format!("{}?sslmode=disable", plain.network_address("127.1", "one"));
    block(open_postgres(&said)).expect("the operator said so");
}

#[test]
fn a_connection_is_encrypted_and_the_server_checked() {
    let cluster = Cluster::start_with(&[
        "ssl=on",
        "ssl_cert_file=server.crt",
        "ssl_key_file=server.key",
    ]);
    cluster.database("one");
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE ssl AND application_name = 'holdpoint'";
    let certificate = cluster.certificate();
    let checked = |host: &str| {
        let address = cluster.network_address(host, "one");
        format!(
            "{address}?sslmode=verify-full&sslrootcert={}",
            certificate.display()
        )
    };
    block(async {
        let store = open_postgres(&checked("localhost"))
            .await
            .expect("it opens");
        assert_eq!(cluster.sql("one", encrypted), "1");
        let run = make(&store, 1).await;
        let sitting = sit(&store, &run.id, 1).await;
        assert_eq!(cluster.sql("one", encrypted), "2");
        drop(sitting);
    });
    // Another name, and nobody who vouches for the certificate.
    let unknown = format!(
        "{}?sslmode=verify-full",
        cluster.network_address("localhost", "one")
    );
    for address in [checked("127.0.0.1"), unknown] {
        let error = refused(&address);
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[test]
fn the_store_of_another_role_is_not_used() {
    let cluster = Cluster::start();
    let own = cluster.database("one");
    block(At::Server(own.clone()).store());
    cluster.sql("one", "CREATE ROLE other LOGIN");
    let error = refused(&cluster.address("other", "one"));
    assert!(
        matches!(&error, StoreError::Foreign { owner, user, .. }
            if owner == "the role holdpoint" && user == "the role other"),
        "{error:?}"
    );
    // A member of the role that owns it may.
    cluster.sql("one", "GRANT holdpoint TO other");
    block(open_postgres(&cluster.address("other", "one"))).expect("it opens");
    // One that may not make the schema uses the one that an administrator made for it.
    cluster.sql("postgres", "CREATE DATABASE two");
    let error = refused(&cluster.address("holdpoint", "two"));
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("permission denied"), "{error}");
    cluster.sql("two", "CREATE SCHEMA holdpoint AUTHORIZATION holdpoint");
    block(open_postgres(&cluster.address("holdpoint", "two"))).expect("it opens");
    assert_eq!(
        cluster.sql(
            "two",
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ),
        "0"
    );
}

#[test]
fn a_database_for_some_texts_only_is_not_used() {
    let cluster = Cluster::start();
    cluster.sql(
        "postgres",
        "CREATE DATABASE latin OWNER holdpoint ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'",
    );
    let error = refused(&cluster.address("holdpoint", "latin"));
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("LATIN1"), "{error}");
}

/// What the role's settings say does not make a journal less durable.
#[test]
fn what_was_written_is_on_the_disk_of_the_server() {
    let cluster = Cluster::start();
    let address = cluster.database("one");
    cluster.sql("one", "ALTER ROLE holdpoint SET synchronous_commit = off");
    block(async {
        let store = open_postgres(&address).await.expect("it opens");
        let run = make(&store, 1).await;
        let sitting = sit(&store, &run.id, 1).await;
        // The sessions cannot be asked from outside: a trigger writes down what is set in them.
        cluster.sql(
            "one",
            "CREATE TABLE seen (setting text); GRANT ALL ON seen TO holdpoint; \
             CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); \
             RETURN NEW; END $$; \
             CREATE TRIGGER look AFTER INSERT ON holdpoint.journal \
             FOR EACH ROW EXECUTE FUNCTION look()",
        );
        let mut sitting = sitting;
        sitting.write(entry(1, cancelled("SIGINT"))).await.unwrap();
        make(&store, 2).await;
    });
    assert_eq!(
        cluster.sql("one", "SELECT setting FROM public.seen"),
        "on\non"
    );
}

/// The server is gone in the middle of a sitting, and comes back.
#[test]
fn a_server_that_goes_away_ends_the_sitting_and_loses_nothing() {
    let mut cluster = Cluster::start();
    let at = At::Server(cluster.database("one"));
    block(async {
        let store = at.store().await;
        let run = make(&store, 1).await;
        let mut sitting = sit(&store, &run.id, 1).await;
        sitting.write(entry(2, cancelled("SIGINT"))).await.unwrap();
        cluster.stop();
        let error = sitting
            .write(entry(3, cancelled("SIGTERM")))
            .await
            .unwrap_err();
        assert!(
            matches!(
                &error,
                StoreError::Lost {
                    written: Written::Nothing,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(error.to_string().contains("nothing was written"), "{error}");
        assert!(error.help().contains("resume"));
        let error = store.journal(&run.id).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
        let error = store.sit(&run.id, &holder(2)).await;
        assert!(matches!(error, Err(StoreError::Unreachable { .. })));
        let error = at.open().await.expect_err("it is gone");
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
        cluster.start_again();
        // The store goes on by itself. The sitting is over, and stays so: nobody held the run.
        assert_eq!(
            records(&store, &run.id).await,
            [began(), cancelled("SIGINT")]
        );
        let error = sitting
            .write(entry(3, cancelled("SIGTERM")))
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Lost { .. }), "{error:?}");
        let mut next = sit(&store, &run.id, 2).await;
        assert_eq!(next.number(), 2);
        next.write(entry(4, cancelled("SIGHUP"))).await.unwrap();
        let expected = [began(), cancelled("SIGINT"), cancelled("SIGHUP")];
        assert_eq!(records(&store, &run.id).await, expected);
    });
}

/// A session that an administrator ends is over, also for the run that it held.
#[test]
fn a_session_that_is_ended_gives_its_run_back() {
    let cluster = Cluster::start();
    let at = At::Server(cluster.database("one"));
    block(async {
        let store = at.store().await;
        let run = make(&store, 1).await;
        let mut sitting = sit(&store, &run.id, 1).await;
        cluster.sql(
            "one",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'holdpoint'",
        );
        assert_eq!(records(&store, &run.id).await, [began()]);
        assert_eq!(sit(&store, &run.id, 2).await.number(), 2);
        let error = sitting
            .write(entry(2, cancelled("SIGINT")))
            .await
            .unwrap_err();
        assert!(
            matches!(
                &error,
                StoreError::Lost {
                    written: Written::Nothing,
                    ..
                }
            ),
            "{error:?}"
        );
    });
}

/// What a connection does with the word that ends a transaction.
const PASS: u8 = 0;
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;

/// A connection to a server by way of this process, which cuts it where it is told.
struct Between {
    port: u16,
    mode: Arc<AtomicU8>,
}

impl Between {
    fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mode = Arc::new(AtomicU8::new(PASS));
        let cut = Arc::clone(&mode);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&socket).expect("the server");
                let (from_server, to_client) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                let cut = Arc::clone(&cut);
                std::thread::spawn(move || forward(client, server, &cut));
                std::thread::spawn(move || {
                    let (mut from, mut to) = (from_server, to_client);
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, mode }
    }
}

fn forward(mut client: TcpStream, mut server: UnixStream, cut: &AtomicU8) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let ends = bytes[..count].windows(7).any(|word| word == b"COMMIT\0");
        match cut.load(Ordering::SeqCst) {
            CUT_BEFORE if ends => break,
            CUT_AFTER if ends => {
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.write_all(&bytes[..count]);
                // Until the server has done it: it says something or ends.
                let _ = server.shutdown(Shutdown::Write);
                return;
            }
            _ => {}
        }
        if server.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

/// When the connection is lost while a transaction is being ended, nobody can know what became of
/// it, and nobody says that they do.
#[test]
fn a_write_whose_end_was_not_heard_of_is_unknown() {
    let cluster = Cluster::start();
    let at = At::Server(cluster.database("one"));
    let between = Between::start(cluster.socket());
    let address = format!(
        "postgres://holdpoint@127.0.0.1:{}/one?sslmode=disable",
        between.port
    );
    block(async {
        let direct = at.store().await;
        let store: Arc<dyn Store> = open_postgres(&address).await.expect("it opens");
        let run = make(&store, 1).await;
        let mut expected = vec![began()];
        for (mode, written) in [(CUT_BEFORE, false), (CUT_AFTER, true)] {
            let mut sitting = sit(&store, &run.id, 1).await;
            let record = cancelled(&mode.to_string());
            between.mode.store(mode, Ordering::SeqCst);
            let error = sitting.write(entry(2, record.clone())).await.unwrap_err();
            between.mode.store(PASS, Ordering::SeqCst);
            assert!(
                matches!(
                    &error,
                    StoreError::Lost {
                        written: Written::Unknown,
                        ..
                    }
                ),
                "{error:?}"
            );
            assert!(
                error.to_string().contains("as a whole, or not at all"),
                "{error}"
            );
            drop(sitting);
            // Whoever sits down next waits for the server to be done with the one before.
            sit(&direct, &run.id, 2).await.release().await.unwrap();
            if written {
                expected.push(record);
            }
            assert_eq!(records(&direct, &run.id).await, expected);
        }
    });
}
