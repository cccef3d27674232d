//! Connections through a proxy, and names whose addresses change.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use holdpoint::sandbox::{AddressError, AddressKind, Proxy, ProxyError, Resolve, Resolved};

use super::*;
use crate::loopback::Tunnel;

/// A public address, which nobody here asks: the proxy leads to loopback.
const PUBLIC: &str = "93.184.216.34";
const OTHER_PUBLIC: &str = "93.184.216.35";

/// A name whose look-ups come to one list of addresses after the other, the last one from then on.
struct Changing {
    answers: Vec<Vec<IpAddr>>,
    asked: Mutex<Vec<String>>,
}

impl Changing {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let addresses = |answer: &&[&str]| {
            let addresses = answer.iter();
            addresses
                .map(|address| address.parse().expect("an address"))
                .collect()
        };
        Arc::new(Self {
            answers: answers.iter().map(addresses).collect(),
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

impl Resolve for Changing {
    fn resolve<'a>(&'a self, name: &'a str, _: u16) -> Resolved<'a> {
        let mut asked = self.asked.lock().expect("nobody panicked");
        let number = asked.len().min(self.answers.len() - 1);
        asked.push(name.to_owned());
        let answer: io::Result<_> = Ok(self.answers[number].clone());
        Box::pin(async move { answer })
    }
}

/// A server behind TLS, and a proxy that leads to it.
struct Way {
    server: Server,
    tunnel: Tunnel,
    route: HttpRoute,
    client: HttpClient,
    _context: Context,
}

impl Way {
    async fn new(change: impl FnOnce(Proxy) -> Proxy) -> Self {
        Self::answering(change, |_, _| None).await
    }

    async fn answering(
        change: impl FnOnce(Proxy) -> Proxy,
        answer: impl Fn(usize, &crate::loopback::Received) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let context = Context::new();
        let names = format!("IP:{PUBLIC},IP:{OTHER_PUBLIC},DNS:tickets.example.com");
        let certificate = Certificate::new(&context, &names);
        let server = Server::tls(&certificate, [Reply::with(200, "", "hello")]).await;
        let tunnel = Tunnel::answering(server.address, answer).await;
        let pem = std::fs::read(&certificate.authority).expect("a certificate");
        let proxy: Proxy = tunnel.url().parse().expect("a proxy");
        Self {
            route: HttpRoute {
                addresses: Vec::new(),
                authorities: Some(Authorities::from_pem(&pem).expect("an authority")),
            },
            client: HttpClient::new(LIMITS).through(Some(change(proxy))),
            server,
            tunnel,
            _context: context,
        }
    }

    fn resolving(self, resolver: &Arc<Changing>) -> Self {
        let resolver = Arc::clone(resolver);
        Self {
            client: self.client.resolving_with(resolver),
            ..self
        }
    }

    async fn get(&self, url: &str) -> Result<HttpResponse, HttpError> {
        self.get_by(url, &self.route).await
    }

    async fn get_by(&self, url: &str, route: &HttpRoute) -> Result<HttpResponse, HttpError> {
        let url = HttpUrl::new(url).expect("a URL");
        let request = HttpRequest::new("GET", &url, &[], "").expect("a request");
        self.client.send(&request, route, Duration::MAX).await
    }
}

#[test]
fn a_connection_goes_through_the_proxy_to_the_address_that_was_checked() {
    wait(async {
        let resolver = Changing::new(&[&[PUBLIC]]);
        let way = Way::new(|proxy| proxy).await.resolving(&resolver);
        let response = way.get("https://tickets.example.com/secret-path").await;
        assert_eq!(response.expect("a response").body, b"hello");
        assert_eq!(resolver.asked(), ["tickets.example.com"]);
        assert_eq!(
            way.tunnel.asked(),
            [format!("CONNECT {PUBLIC}:443 HTTP/1.1")]
        );
        let asked = &way.tunnel.received()[0];
        let authority = format!("{PUBLIC}:443");
        assert_eq!(asked.header("host"), Some(authority.as_str()));
        assert_eq!(asked.header("proxy-authorization"), None);
        // What it carries is TLS, and no word of the request.
        let carried = way.tunnel.carried();
        assert_eq!(carried[0], 0x16, "a handshake");
        let word = b"secret-path";
        assert!(!carried.windows(word.len()).any(|part| part == word));
        let received = &way.server.received()[0];
        assert_eq!(received.header("host"), Some("tickets.example.com"));
    });
}

#[test]
fn every_address_is_tried_through_the_proxy() {
    wait(async {
        let resolver = Changing::new(&[&[PUBLIC, OTHER_PUBLIC]]);
        let refuse = |number, _: &_| (number == 0).then(|| Reply::status(502));
        let way = Way::answering(|proxy| proxy, refuse).await;
        let way = way.resolving(&resolver);
        way.get("https://tickets.example.com:8443/")
            .await
            .expect("a response");
        let asked =
            [PUBLIC, OTHER_PUBLIC].map(|address| format!("CONNECT {address}:8443 HTTP/1.1"));
        assert_eq!(way.tunnel.asked(), asked);
        assert_eq!(resolver.asked().len(), 1);
    });
}

/// What a name leads to is held against what is allowed each time, and a connection is made to what was
/// held, whatever the name leads to a moment later.
#[test]
fn a_name_that_leads_elsewhere_the_next_time_is_refused_then() {
    wait(async {
        let resolver = Changing::new(&[&[PUBLIC], &["127.0.0.1"], &[PUBLIC, "169.254.169.254"]]);
        let way = Way::new(|proxy| proxy).await.resolving(&resolver);
        let url = "https://tickets.example.com/";
        way.get(url).await.expect("a response");
        let error = way.get(url).await.expect_err("it leads to this machine");
        let HttpError::Address { why, .. } = &error else {
            panic!("{error}")
        };
        let kind = AddressKind::Loopback;
        let address = "127.0.0.1".parse().expect("an address");
        assert_eq!(*why, AddressError::Refused { address, kind });
        let error = way
            .get(url)
            .await
            .expect_err("one of them leads to metadata");
        let is_metadata = matches!(
            error,
            HttpError::Address {
                why: AddressError::Metadata(_),
                ..
            }
        );
        assert!(is_metadata, "{error}");
        assert_eq!(resolver.asked().len(), 3);
        assert_eq!(way.tunnel.asked().len(), 1);
        // The same without a proxy, where the first answer is the one on loopback that is allowed.
        let resolver = Changing::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
        let way = way.resolving(&resolver);
        let server = Server::new([Reply::with(200, "", "hello")]).await;
        let url = format!("http://tickets.example.com:{}/", server.address.port());
        way.get_by(&url, &route()).await.expect("a response");
        let error = way.get_by(&url, &route()).await.expect_err("it is private");
        assert!(
            error.to_string().contains("10.0.0.1 is a private"),
            "{error}"
        );
        assert_eq!(server.received().len(), 1);
    });
}

#[test]
fn a_proxy_that_checks_is_given_names() {
    wait(async {
        let resolver = Changing::new(&[&["127.0.0.1"]]);
        let way = Way::new(Proxy::doing_the_checking).await;
        let way = way.resolving(&resolver);
        way.get("https://tickets.example.com/")
            .await
            .expect("a response");
        assert_eq!(
            way.tunnel.asked(),
            ["CONNECT tickets.example.com:443 HTTP/1.1"]
        );
        assert!(resolver.asked().is_empty());
        // What is an address already is checked here.
        let error = way
            .get("https://169.254.169.254/")
            .await
            .expect_err("metadata");
        assert!(error.to_string().contains("credentials"), "{error}");
        // It would read and change what is not behind TLS.
        let error = way
            .get("http://tickets.example.com/")
            .await
            .expect_err("no TLS");
        assert!(
            error.to_string().contains("without TLS, through a proxy"),
            "{error}"
        );
        assert_eq!(way.tunnel.asked().len(), 1);
    });
}

#[test]
fn named_networks_are_reached_without_the_proxy() {
    wait(async {
        let way = Way::new(|proxy| proxy).await;
        let server = Server::new([Reply::with(200, "", "near")]).await;
        let response = way.get_by(&server.url("/"), &route()).await;
        assert_eq!(response.expect("a response").body, b"near");
        assert!(way.tunnel.asked().is_empty());
    });
}

#[test]
fn what_authenticates_at_the_proxy_goes_to_the_proxy_only() {
    wait(async {
        let way = Way::new(|proxy| {
            let url = proxy.to_string();
            let url = url.replace("http://", "http://ci:p%40ss%3Aw0rd@");
            let proxy: Proxy = url.parse().expect("a proxy");
            assert!(!format!("{proxy} {proxy:?}").contains("ss"), "{proxy:?}");
            proxy
        })
        .await;
        way.get(&format!("https://{PUBLIC}/"))
            .await
            .expect("a response");
        let asked = &way.tunnel.received()[0];
        // ci:p@ss:w0rd
        assert_eq!(
            asked.header("proxy-authorization"),
            Some("Basic Y2k6cEBzczp3MHJk")
        );
        let received = &way.server.received()[0];
        assert!(!received.head.contains("Y2k6"), "{}", received.head);
    });
}

#[test]
fn a_proxy_that_does_not_connect_is_named_with_what_it_says() {
    wait(async {
        let malformed = "it did not answer as a proxy does";
        for (reply, words, help) in [
            (Reply::status(407), "it answered 407", "USER:PASSWORD"),
            (Reply::status(403), "it answered 403", "--proxy-checks"),
            (Reply::status(302), "it answered 302", "--proxy-checks"),
            (Reply::Close, malformed, "HOLDPOINT_PROXY"),
            (
                Reply::Raw(b"SSH-2.0-x\r\n".to_vec()),
                malformed,
                "HOLDPOINT_PROXY",
            ),
            (
                Reply::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-filler: 1\r\n".to_vec()),
                malformed,
                "HOLDPOINT_PROXY",
            ),
        ] {
            let answer = move |_, _: &_| Some(reply.clone());
            let way = Way::answering(|proxy| proxy, answer).await;
            let error = way.get(&format!("https://{PUBLIC}/")).await;
            let error = error.expect_err("there is no connection");
            let HttpError::Proxy { proxy, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!(*proxy, way.tunnel.url());
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.help().contains(help), "{}", error.help());
            assert_eq!(error.arrival(), Arrival::NothingSent);
            assert!(!error.lasts());
            assert!(way.server.received().is_empty());
        }
    });
}

#[test]
fn a_proxy_that_never_answers_has_no_more_time_than_the_request() {
    wait(async {
        let way = Way::answering(|proxy| proxy, |_, _| Some(Reply::Silence)).await;
        let client = way.client.within(IMPATIENT);
        let url = HttpUrl::new(&format!("https://{PUBLIC}/")).expect("a URL");
        let request = HttpRequest::new("GET", &url, &[], "").expect("a request");
        let error = client.send(&request, &way.route, Duration::MAX).await;
        let error = error.expect_err("it says nothing");
        let step = HttpStep::Connect;
        assert!(
            matches!(&error, HttpError::Deadline { step: found, .. } if *found == step),
            "{error}"
        );
    });
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    wait(async {
        let way = Way::new(|proxy| proxy).await;
        // Nobody listens there any more.
        let Way { tunnel, route, .. } = &way;
        let closed = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let closed = closed.expect("a port").local_addr().expect("an address");
        assert_ne!(closed, tunnel.address);
        let proxy: Proxy = format!("http://{closed}").parse().expect("a proxy");
        let client = HttpClient::new(LIMITS).through(Some(proxy));
        let url = HttpUrl::new(&format!("https://{PUBLIC}/")).expect("a URL");
        let request = HttpRequest::new("GET", &url, &[], "").expect("a request");
        let error = client.send(&request, route, Duration::MAX).await;
        let error = error.expect_err("nobody is there");
        let is_connect = matches!(
            error,
            HttpError::Proxy {
                why: ProxyError::Connect(_),
                ..
            }
        );
        assert!(is_connect, "{error}");
    });
}

#[test]
fn the_url_of_a_proxy_is_one_or_none() {
    for (text, shown) in [
        ("http://proxy.example.com", "http://proxy.example.com:3128"),
        (
            "http://proxy.example.com:80/",
            "http://proxy.example.com:80",
        ),
        (
            "http://Proxy.example.com:8080",
            "http://proxy.example.com:8080",
        ),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://u@10.0.0.1:1", "http://10.0.0.1:1"),
    ] {
        let proxy: Proxy = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(proxy.to_string(), shown);
        assert!(!proxy.does_checking());
    }
    for text in [
        "",
        "proxy.example.com:3128",
        "https://proxy.example.com",
        "socks5://proxy.example.com",
        "http://",
        "http://proxy.example.com/path",
        "http://proxy.example.com/?a",
        "http://proxy.example.com/#a",
        "http://a%3Ab:c@proxy.example.com",
        "http://%ff:c@proxy.example.com",
    ] {
        let error = text.parse::<Proxy>().expect_err(text);
        assert!(!error.to_string().contains("proxy.example"), "{error}");
    }
}
