//! A server on loopback that answers as a test wants it to, also in ways that no server should: it
//! writes bytes, and knows no more of HTTP than where a request ends.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::context::Context;

/// What the server does with a request.
#[derive(Clone)]
pub enum Reply {
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Says nothing and stays.
    Silence,
    /// Writes these bytes, and then one more `x` after the other, without an end.
    Drip(Vec<u8>),
    /// Writes these bytes, and then the second ones as often as they are taken.
    Flood(Vec<u8>, Vec<u8>),
}

impl Reply {
    /// A status and nothing else.
    pub fn status(status: u16) -> Self {
        Self::with(status, "", "")
    }

    /// A status, lines of headers, and a body.
    pub fn with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Raw(
            format!(
                "HTTP/1.1 {status} Whatever\r\n{headers}content-length: {length}\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub head: String,
    pub body: String,
}

impl Received {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A server, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    written: Arc<Mutex<u64>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server that answers the first request with the first reply, and so on; the last one stands
    /// for all that come after it.
    pub async fn new(replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        Self::start(None, move |number, _| reply(&replies, number)).await
    }

    /// The same behind TLS.
    pub async fn tls(certificate: &Certificate, replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        let acceptor = Some(certificate.acceptor());
        Self::start(acceptor, move |number, _| reply(&replies, number)).await
    }

    /// A server whose replies are made when the request is there.
    pub async fn asking(
        answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, answer).await
    }

    /// The same behind TLS.
    pub async fn tls_asking(
        certificate: &Certificate,
        answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(certificate.acceptor()), answer).await
    }

    async fn start(
        acceptor: Option<TlsAcceptor>,
        answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::new(Mutex::new(0));
        let answer = Arc::new(answer);
        let task = {
            let (received, written) = (Arc::clone(&received), Arc::clone(&written));
            async move {
                let mut connections = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    let answer = Arc::clone(&answer);
                    let (received, written) = (Arc::clone(&received), Arc::clone(&written));
                    let acceptor = acceptor.clone();
                    connections.spawn(async move {
                        let served = |number: usize, request: &Received| answer(number, request);
                        match acceptor {
                            None => serve(stream, &received, &written, served).await,
                            Some(acceptor) => {
                                if let Ok(stream) = acceptor.accept(stream).await {
                                    serve(stream, &received, &written, served).await;
                                }
                            }
                        }
                    });
                }
            }
        };
        Self {
            address,
            received,
            written,
            task: tokio::spawn(task),
        }
    }

    /// Where it is, with a path after it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request that came in whole.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("nobody panicked").clone()
    }

    /// How many bytes were taken from it.
    pub fn written(&self) -> u64 {
        *self.written.lock().expect("nobody panicked")
    }
}

fn reply(replies: &[Reply], number: usize) -> Reply {
    let last = replies.len() - 1;
    replies[number.min(last)].clone()
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    received: &Mutex<Vec<Received>>,
    written: &Mutex<u64>,
    answer: impl Fn(usize, &Received) -> Reply,
) {
    let Some(request) = request(&mut stream).await else {
        return;
    };
    let number = {
        let mut received = received.lock().expect("nobody panicked");
        received.push(request.clone());
        received.len() - 1
    };
    give(&mut stream, answer(number, &request), written).await;
}

/// Gives a reply.
async fn give(stream: &mut (impl AsyncWrite + Unpin), reply: Reply, written: &Mutex<u64>) {
    let mut write = async |bytes: &[u8]| {
        let is_taken = stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok();
        if is_taken {
            *written.lock().expect("nobody panicked") += bytes.len() as u64;
        }
        is_taken
    };
    match reply {
        Reply::Raw(bytes) => {
            write(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Close => {}
        Reply::Silence => std::future::pending().await,
        Reply::Drip(head) => {
            let mut is_taken = write(&head).await;
            let mut pace = tokio::time::interval(std::time::Duration::from_millis(5));
            while is_taken {
                pace.tick().await;
                is_taken = write(b"x").await;
            }
        }
        Reply::Flood(head, more) => {
            let mut is_taken = write(&head).await;
            while is_taken {
                is_taken = write(&more).await;
            }
        }
    }
}

/// Reads a request to its end; none when it breaks off.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let count = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is text");
    let mut request = Received {
        head,
        body: String::new(),
    };
    let length: usize = request
        .header("content-length")
        .map_or(0, |length| length.parse().expect("a length"));
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        let count = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        body.extend_from_slice(&buffer[..count]);
    }
    request.body = String::from_utf8(body).expect("a body is text");
    Some(request)
}

/// A proxy on loopback, until it is dropped: whatever it is asked to connect to, it connects to one
/// server.
pub struct Tunnel {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    carried: Arc<Mutex<Vec<u8>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tunnel {
    /// A proxy that leads to this server.
    pub async fn to(server: SocketAddr) -> Self {
        Self::answering(server, |_, _| None).await
    }

    /// A proxy that answers what is asked of it in another way where there is one.
    pub async fn answering(
        server: SocketAddr,
        answer: impl Fn(usize, &Received) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let carried: Arc<Mutex<Vec<u8>>> = Arc::default();
        let answer = Arc::new(answer);
        let task = {
            let (received, carried) = (Arc::clone(&received), Arc::clone(&carried));
            async move {
                let mut connections = tokio::task::JoinSet::new();
                while let Ok((mut stream, _)) = listener.accept().await {
                    let answer = Arc::clone(&answer);
                    let (received, carried) = (Arc::clone(&received), Arc::clone(&carried));
                    connections.spawn(async move {
                        let Some(asked) = request(&mut stream).await else {
                            return;
                        };
                        let number = {
                            let mut received = received.lock().expect("nobody panicked");
                            received.push(asked.clone());
                            received.len() - 1
                        };
                        if let Some(reply) = answer(number, &asked) {
                            give(&mut stream, reply, &Mutex::new(0)).await;
                            return;
                        }
                        if let Ok(server) = TcpStream::connect(server).await {
                            carry(stream, server, &carried).await;
                        }
                    });
                }
            }
        };
        Self {
            address,
            received,
            carried,
            task: tokio::spawn(task),
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked of it.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("nobody panicked").clone()
    }

    /// The first line of each request.
    pub fn asked(&self) -> Vec<String> {
        let received = self.received();
        let lines = received.iter().map(|asked| asked.head.lines().next());
        lines.map(|line| line.expect("a line").to_owned()).collect()
    }

    /// What it carried to the server.
    pub fn carried(&self) -> Vec<u8> {
        self.carried.lock().expect("nobody panicked").clone()
    }
}

/// Carries bytes between two sides until one of them has no more.
async fn carry(mut client: TcpStream, mut server: TcpStream, carried: &Mutex<Vec<u8>>) {
    let taken = client
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await;
    if taken.is_err() {
        return;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let there = async {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count) = from_client.read(&mut buffer).await
            && count > 0
        {
            let bytes = &buffer[..count];
            carried.lock().expect("nobody panicked").extend(bytes);
            if to_server.write_all(bytes).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let back = async {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(there, back);
}

/// A certificate for a server, and the authority that gave it out.
pub struct Certificate {
    pub authority: PathBuf,
    chain: PathBuf,
    key: PathBuf,
}

impl Certificate {
    /// Has openssl make an authority and have it give out a certificate for `names`, such as
    /// `DNS:localhost`.
    pub fn new(context: &Context, names: &str) -> Self {
        let path = |name: &str| context.path().join(name);
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
        ];
        let authority = [
            "req",
            "-x509",
            "-days",
            "2",
            "-subj",
            "/CN=Authority of a test",
        ];
        let authority_files = ["-keyout", "authority.key", "-out", "authority.pem"];
        context.openssl([&authority[..], &key, &authority_files].concat());
        context.write(
            "leaf.cnf",
            format!("subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"),
        );
        let leaf = [
            "req",
            "-subj",
            "/CN=Server of a test",
            "-keyout",
            "leaf.key",
        ];
        context.openssl([&leaf[..], &key, &["-out", "leaf.csr"]].concat());
        context.openssl([
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "leaf.cnf",
            "-out",
            "leaf.pem",
        ]);
        Self {
            authority: path("authority.pem"),
            chain: path("leaf.pem"),
            key: path("leaf.key"),
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let chain = CertificateDer::pem_file_iter(&self.chain).expect("a certificate");
        let chain = chain.map(|certificate| certificate.expect("a certificate"));
        let key = PrivateKeyDer::from_pem_file(&self.key).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(chain.collect(), key)
            .expect("a certificate and its key");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Runs a test that waits for things.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}
