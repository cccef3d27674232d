//! `PostgreSQL`: one database for any number of machines.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::StoreError;
use super::connection::{BUSY_SECONDS_MAX, Connection, Raw};
use super::failure::explained_connecting;
use super::layout::SCHEMA;
use crate::model::{Digest, RunId, Text};

/// How long making a connection may take: name look-up, TLS and login.
pub const CONNECT_SECONDS_MAX: u64 = 15;

/// What an address may have after its `?`. Others are refused here: sqlx would write them, with what
/// they hold, into the log and go on.
const PARAMETERS: [&str; 9] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "user",
    "password",
    "dbname",
];

/// A server, a database on it, and who asks.
pub(super) struct Postgres {
    options: PgConnectOptions,
    place: String,
}

impl Postgres {
    /// Reads an address. What it does not say is taken from the variables and the password file that
    /// `PostgreSQL`'s own programs read. The connection to another machine is encrypted, and the
    /// server's certificate checked, unless the address says otherwise (`sslmode`).
    pub(super) fn at(address: &str) -> Result<Self, StoreError> {
        let wrong = |why: String| StoreError::Address { why };
        // These errors do not repeat what they are about.
        let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("it does not begin with postgres://".to_owned()));
        }
        for (name, value) in url.query_pairs() {
            if !PARAMETERS.contains(&&*name) {
                return Err(wrong(format!(
                    "the parameter `{}` is not known; known are {}",
                    Text::from(name).terminal(),
                    PARAMETERS.join(", ")
                )));
            }
            // sqlx does not encrypt in this mode, whatever the server offers.
            if name == "sslmode" && value == "allow" {
                return Err(wrong(
                    "`sslmode=allow` does not say whether to encrypt: `disable`, `require`, \
                     `verify-ca` or `verify-full`"
                        .to_owned(),
                ));
            }
        }
        let says_mode = url.query_pairs().any(|(name, _)| name == "sslmode");
        let mut options = PgConnectOptions::from_str(address)
            .map_err(|_| wrong("a part of it is not what stands at its place".to_owned()))?
            .application_name("holdpoint")
            .options([
                ("search_path", SCHEMA.to_owned()),
                ("lock_timeout", format!("{BUSY_SECONDS_MAX}s")),
                // A machine that vanished is noticed after half a minute, and its sitting is over.
                ("tcp_keepalives_idle", "10".to_owned()),
                ("tcp_keepalives_interval", "5".to_owned()),
                ("tcp_keepalives_count", "4".to_owned()),
            ])
            // The values are the record; the log is for others.
            .disable_statement_logging();
        if !says_mode && !is_local(&options) && matches!(options.get_ssl_mode(), PgSslMode::Prefer)
        {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        let place = place(&options);
        Ok(Self { options, place })
    }

    /// Where it is, for people: without the password.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn connect(&self, place: &Arc<str>) -> Result<Connection, StoreError> {
        let limit = Duration::from_secs(CONNECT_SECONDS_MAX);
        let connected = tokio::time::timeout(limit, self.options.connect()).await;
        let raw = match connected {
            Ok(connected) => {
                connected.map_err(|error| explained_connecting(place.to_string(), &error))?
            }
            Err(_) => {
                return Err(StoreError::Unreachable {
                    place: place.to_string(),
                    why: format!("no connection within {CONNECT_SECONDS_MAX} seconds"),
                });
            }
        };
        let mut connection = Connection::new(Raw::Postgres(raw), Arc::clone(place));
        // What was journalled is on the server's disk, whatever is set for the role.
        let durable = "SELECT pg_catalog.set_config('synchronous_commit', 'on', false) \
             WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";
        connection.execute(durable, []).await?;
        Ok(connection)
    }
}

/// Takes a run for the sitting of a connection: the server gives it up when the connection ends.
/// Whether it was given.
pub(super) async fn hold(connection: &mut Connection, run: &RunId) -> Result<bool, StoreError> {
    let lock = "SELECT CASE WHEN pg_catalog.pg_try_advisory_lock($1) \
         THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END";
    given(connection, lock, run).await
}

/// Gives it up at once: a server notices the end of a connection a moment after it, and until then nobody
/// else would be given the run.
pub(super) async fn give_up(connection: &mut Connection, run: &RunId) -> Result<bool, StoreError> {
    let unlock = "SELECT CASE WHEN pg_catalog.pg_advisory_unlock($1) \
         THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END";
    given(connection, unlock, run).await
}

/// The same until the end of the transaction.
pub(super) async fn hold_for_transaction(
    connection: &mut Connection,
    run: &RunId,
) -> Result<bool, StoreError> {
    let lock = "SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock($1) \
         THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END";
    given(connection, lock, run).await
}

async fn given(
    connection: &mut Connection,
    lock: &'static str,
    run: &RunId,
) -> Result<bool, StoreError> {
    let row = connection.row(lock, [lock_number(run).into()]).await?;
    row.map_or(Ok(false), |row| Ok(row.integer(0)? == 1))
}

/// The number of a run's lock. Advisory locks are numbers that everybody in a database shares: the
/// words keep these apart from those of others, and two runs with one number would be a matter of
/// one in many billions, and of waiting for each other.
fn lock_number(run: &RunId) -> i64 {
    let digest = Digest::of(format!("holdpoint sitting {run}").as_bytes());
    digest
        .bytes()
        .first_chunk()
        .map_or(0, |first| i64::from_be_bytes(*first))
}

/// Whether nobody can listen in between: a socket of this machine.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => super::error::shown(socket),
        None => Text::from(options.get_host()).terminal().to_string(),
    };
    let database = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    format!(
        "postgres://{}@{host}:{}/{}",
        Text::from(options.get_username()).terminal(),
        options.get_port(),
        Text::from(database).terminal(),
    )
}
