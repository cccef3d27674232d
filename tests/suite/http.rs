//! The host's HTTP client, against a server on loopback that does what no server should.

mod addresses;
mod proxy;

use std::time::Duration;

use holdpoint::sandbox::{
    Arrival, Authorities, AuthoritiesError, HEAD_BYTES_MIN, HttpClient, HttpError, HttpLimits,
    HttpRequest, HttpResponse, HttpRoute, HttpStep, HttpUrl, REQUEST_HEADERS_BYTES_MAX,
    REQUEST_HEADERS_MAX, RESPONSE_HEADERS_MAX, RequestError, Secret, SecretHeader, URL_BYTES_MAX,
    UrlError,
};
use ipnet::IpNet;

use crate::context::Context;
use crate::loopback::{Certificate, Reply, Server, wait};

/// Long enough for everything that ends by itself, short enough for what does not.
const LIMITS: HttpLimits = HttpLimits {
    request_bytes_max: 1 << 20,
    head_bytes_max: 16 << 10,
    response_bytes_max: 64 << 10,
    deadline: Duration::from_secs(10),
};

/// The same for what never ends.
const IMPATIENT: HttpLimits = HttpLimits {
    deadline: Duration::from_millis(300),
    ..LIMITS
};

fn ranges(ranges: &[&str]) -> Vec<IpNet> {
    ranges
        .iter()
        .map(|range| range.parse().expect("a range"))
        .collect()
}

/// What a test needs: loopback.
fn route() -> HttpRoute {
    HttpRoute {
        addresses: ranges(&["127.0.0.0/8", "::1/128"]),
        authorities: None,
    }
}

async fn get(url: &str, limits: HttpLimits, route: &HttpRoute) -> Result<HttpResponse, HttpError> {
    let url = HttpUrl::new(url).expect("a URL");
    let request = HttpRequest::new("GET", &url, &[], "").expect("a request");
    HttpClient::new(limits)
        .send(&request, route, Duration::MAX)
        .await
}

/// The error of asking a server that replies like this once.
async fn failed(reply: Reply, limits: HttpLimits) -> HttpError {
    let server = Server::new([reply]).await;
    get(&server.url("/"), limits, &route())
        .await
        .expect_err("it is no response")
}

// What is sent

#[test]
fn a_request_is_sent_as_it_says() {
    wait(async {
        let reply = Reply::with(201, "x-one: 1\r\nX-One: 2\r\n", "made");
        let server = Server::new([reply]).await;
        let url = HttpUrl::new(&server.url("/a/../b%20c?q=%2F")).expect("a URL");
        let secret = Secret::new("s3cret".to_owned());
        let secret = SecretHeader::new("authorization", "Bearer ", &secret).expect("a header");
        let headers = [("content-type", "text/plain"), ("x-two", "2")];
        let request = HttpRequest::new("POST", &url, &headers, "body")
            .and_then(|request| request.with_secret(&secret))
            .expect("a request");
        let client = HttpClient::new(LIMITS);
        let response = client.send(&request, &route(), Duration::MAX).await;
        let response = response.expect("a response");
        assert_eq!(response.status, 201);
        assert_eq!(response.body, b"made");
        assert_eq!(response.header("X-ONE"), Some("1"));
        let of_one = |name: &str| {
            response
                .headers
                .iter()
                .filter(|one| one.name.raw() == name)
                .count()
        };
        assert_eq!(of_one("x-one"), 2);
        let received = &server.received()[0];
        assert_eq!(
            received.head.lines().next(),
            Some("POST /b%20c?q=%2F HTTP/1.1")
        );
        assert_eq!(received.body, "body");
        let host = server.address.to_string();
        for (name, value) in [
            ("host", host.as_str()),
            ("content-length", "4"),
            ("content-type", "text/plain"),
            ("x-two", "2"),
            ("authorization", "Bearer s3cret"),
            ("connection", "close"),
            (
                "user-agent",
                concat!("holdpoint/", env!("CARGO_PKG_VERSION")),
            ),
        ] {
            assert_eq!(received.header(name), Some(value), "{name}");
        }
        assert_eq!(received.head.lines().count(), 8, "{}", received.head);
    });
}

#[test]
fn a_url_has_one_form() {
    for (text, origin) in [
        ("https://example.com", "https://example.com"),
        ("HTTPS://EXAMPLE.com:443/a", "https://example.com"),
        ("https://example.com:8443/a", "https://example.com:8443"),
        (
            "http://example.com:80/?a#".trim_end_matches('#'),
            "http://example.com",
        ),
        ("https://2130706433/", "https://127.0.0.1"),
        ("https://0x7f.1/", "https://127.0.0.1"),
        ("https://[::FFFF:127.0.0.1]:1/", "https://[::ffff:7f00:1]:1"),
        (
            "https://b\u{fc}cher.example/",
            "https://xn--bcher-kva.example",
        ),
        (
            "https://example.com/%41%20%25?%2f%2e%5c",
            "https://example.com",
        ),
    ] {
        let url = HttpUrl::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(url.origin(), origin, "{text}");
        assert_eq!(format!("{url:?}"), format!("HttpUrl({origin}/…)"));
    }
}

#[test]
fn a_url_that_can_be_read_in_two_ways_is_refused() {
    let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
    for (text, error) in [
        (long.as_str(), UrlError::TooLong),
        ("", UrlError::Scheme),
        ("example.com/", UrlError::Scheme),
        ("https:example.com", UrlError::Scheme),
        ("ftp://example.com/", UrlError::Scheme),
        ("file:///etc/passwd", UrlError::Scheme),
        ("https:///example.com", UrlError::Host),
        ("https://", UrlError::Host),
        ("https://example.com./", UrlError::Host),
        ("https://exa%00mple.com/", UrlError::Host),
        ("https://1.2.3.4.5/", UrlError::Host),
        ("https://user@example.com/", UrlError::UserInfo),
        ("https://user:password@example.com/", UrlError::UserInfo),
        ("https://@example.com/", UrlError::UserInfo),
        ("https://example.com:0/", UrlError::Port),
        ("https://example.com:65536/", UrlError::Port),
        ("https://example.com/#", UrlError::Fragment),
        ("https://example.com/?a#b", UrlError::Fragment),
        ("https://example.com/a%2Fb", UrlError::Encoded),
        ("https://example.com/%2e%2E/b", UrlError::Encoded),
        ("https://example.com/a%5cb", UrlError::Encoded),
        ("https://example.com/a%00b", UrlError::Encoded),
        ("https://example%2ecom/", UrlError::Host),
        ("https://a..example.com/", UrlError::Host),
        ("https://a,$.example.com/", UrlError::Host),
        ("https://*.example.com/", UrlError::Host),
        ("https://example.com/a%0D%0ab", UrlError::Encoded),
        ("https://example.com/a%7fb", UrlError::Encoded),
        ("https://example.com/a\\b", UrlError::Character),
        ("https://example.com\\@evil.example/", UrlError::Character),
        ("https://example.com/a b", UrlError::Character),
        ("https://example.com/a\tb", UrlError::Character),
        (" https://example.com/", UrlError::Character),
        ("https://example.com/\r\nhost: b", UrlError::Character),
        ("https://example.com/%", UrlError::Percent),
        ("https://example.com/?%zz", UrlError::Percent),
        ("https://example.com/%+f", UrlError::Percent),
    ] {
        assert_eq!(HttpUrl::new(text), Err(error), "{text}");
        assert!(!error.help().is_empty());
    }
}

#[test]
fn what_is_not_the_callers_to_choose_is_refused() {
    let url = HttpUrl::new("https://example.com/").expect("a URL");
    let with = |method: &str, headers: &[(&str, &str)]| {
        HttpRequest::new(method, &url, headers, "").map(|_| ())
    };
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
    ] {
        assert_eq!(with(method, &[]), Ok(()), "{method}");
    }
    for method in ["CONNECT", "TRACE", "TRACK", "get", "", "GET /", "G\r\nT"] {
        let refused = matches!(with(method, &[]), Err(RequestError::Method(_)));
        assert!(refused, "{method}");
    }
    for name in [
        "Host",
        "host",
        "Content-Length",
        "content_length",
        "Connection",
        "Upgrade",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Expect",
    ] {
        let refused = matches!(with("GET", &[(name, "1")]), Err(RequestError::OwnHeader(_)));
        assert!(refused, "{name}");
    }
    for name in [
        "X-HTTP-Method-Override",
        "x_http_method_override",
        "X-Method-Override",
        "X-HTTP-Method",
    ] {
        let refused = matches!(
            with("POST", &[(name, "DELETE")]),
            Err(RequestError::MethodOverride(_))
        );
        assert!(refused, "{name}");
    }
    for header in [
        ("a b", "1"),
        ("", "1"),
        ("a", "1\r\nb: 2"),
        ("a", "\0"),
        ("a:", "1"),
    ] {
        let refused = matches!(with("GET", &[header]), Err(RequestError::Header(_)));
        assert!(refused, "{header:?}");
    }
    assert_eq!(with("GET", &[("a", "1"); REQUEST_HEADERS_MAX]), Ok(()));
    let many = [("a", "1"); REQUEST_HEADERS_MAX + 1];
    assert_eq!(with("GET", &many), Err(RequestError::Headers));
    let most = "v".repeat(REQUEST_HEADERS_BYTES_MAX - 1);
    assert_eq!(with("GET", &[("a", &most)]), Ok(()));
    assert_eq!(with("GET", &[("aa", &most)]), Err(RequestError::Headers));
}

#[test]
fn a_secret_is_sent_and_never_shown() {
    let secret = || Secret::new("s3cret".to_owned());
    assert_eq!(format!("{:?}", secret()), "Secret");
    let header = SecretHeader::new("x-token", "t=", &secret()).expect("a header");
    assert!(!format!("{header:?}").contains("s3cret"));
    let url = HttpUrl::new("https://example.com/s3cret?s3cret").expect("a URL");
    let request = HttpRequest::new("GET", &url, &[], "").expect("a request");
    let request = request.with_secret(&header).expect("a request");
    assert!(!format!("{request:?}").contains("s3cret"));
    let taken = HttpRequest::new("GET", &url, &[("X-Token", "mine")], "").expect("a request");
    let refused = taken.with_secret(&header).expect_err("two of them");
    assert!(matches!(refused, RequestError::SecretHeader(_)));
    for (name, prefix, value) in [
        ("x-token", "", "s3cret\r\nhost: b"),
        ("x-token", "a\n", "s3cret"),
        ("host", "", "s3cret"),
        ("not a header", "", "s3cret"),
    ] {
        let secret = Secret::new(value.to_owned());
        let error = SecretHeader::new(name, prefix, &secret).expect_err("it cannot be sent");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}

#[test]
fn errors_name_the_host_and_no_more() {
    wait(async {
        let server = Server::new([
            Reply::Close,
            Reply::Silence,
            Reply::Drip(b"nonsense".to_vec()),
        ])
        .await;
        for _ in 0..3 {
            let url = server.url("/services/s3cret?token=s3cret");
            let error = get(&url, IMPATIENT, &route()).await.expect_err("no answer");
            let said = format!("{error} {error:?} {}", error.help());
            assert!(said.contains(&server.address.to_string()), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    });
}

#[test]
fn a_body_has_at_most_so_many_bytes() {
    wait(async {
        let server = Server::new([Reply::status(204)]).await;
        let url = HttpUrl::new(&server.url("/")).expect("a URL");
        let client = HttpClient::new(HttpLimits {
            request_bytes_max: 10,
            ..LIMITS
        });
        for (bytes, fits) in [(10, true), (11, false)] {
            let request =
                HttpRequest::new("POST", &url, &[], "x".repeat(bytes)).expect("a request");
            let sent = client.send(&request, &route(), Duration::MAX).await;
            assert_eq!(sent.is_ok(), fits, "{bytes}");
            if let Err(error) = sent {
                assert_eq!(error.arrival(), Arrival::NothingSent);
            }
        }
        assert_eq!(server.received().len(), 1);
    });
}

// Where it is sent

#[test]
fn nothing_is_sent_to_an_address_that_is_refused() {
    wait(async {
        let server = Server::new([Reply::status(200)]).await;
        let port = server.address.port();
        let other = HttpRoute {
            addresses: ranges(&["10.0.0.0/8"]),
            authorities: None,
        };
        for host in [
            "127.0.0.1",
            "localhost",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "0.0.0.0",
        ] {
            for scheme in ["http", "https"] {
                for route in [&HttpRoute::default(), &other] {
                    let url = format!("{scheme}://{host}:{port}/");
                    let error = get(&url, LIMITS, route).await.expect_err("it is refused");
                    assert!(matches!(error, HttpError::Address { .. }), "{url}: {error}");
                    assert_eq!(error.arrival(), Arrival::NothingSent);
                    assert!(error.help().contains("addresses"), "{}", error.help());
                }
            }
        }
        assert!(server.received().is_empty());
        get(&format!("http://localhost:{port}/"), LIMITS, &route())
            .await
            .expect("a named range holds it");
        assert_eq!(server.received().len(), 1);
    });
}

#[test]
fn a_redirect_is_a_response_and_is_not_followed() {
    wait(async {
        let private = Server::new([Reply::status(200)]).await;
        let location = format!("location: {}\r\n", private.url("/"));
        for status in [301, 302, 303, 307, 308] {
            let server = Server::new([Reply::with(status, &location, "")]).await;
            let response = get(&server.url("/"), LIMITS, &route())
                .await
                .expect("a response");
            assert_eq!(response.status, status);
            assert_eq!(response.header("location"), Some(private.url("/").as_str()));
        }
        assert!(private.received().is_empty());
    });
}

// What comes back

#[test]
fn nobody_there_is_nothing_sent() {
    wait(async {
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("an address")
        };
        let error = get(&format!("http://{closed}/"), LIMITS, &route())
            .await
            .expect_err("nobody");
        assert!(matches!(error, HttpError::Connect { .. }), "{error}");
        assert_eq!(error.arrival(), Arrival::NothingSent);
        // A label that is too long to be asked about: nothing leaves the machine.
        let name = format!("https://{}.invalid/", "a".repeat(64));
        let error = get(&name, LIMITS, &route()).await;
        let error = error.expect_err("no such name");
        assert!(matches!(error, HttpError::Resolve { .. }), "{error}");
        assert_eq!(error.arrival(), Arrival::NothingSent);
    });
}

#[test]
fn closing_without_an_answer_may_have_arrived() {
    wait(async {
        let error = failed(Reply::Close, LIMITS).await;
        assert!(matches!(error, HttpError::NoAnswer { .. }), "{error}");
        assert_eq!(error.arrival(), Arrival::MayHaveArrived);
        let half = Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec());
        assert_eq!(
            failed(half, LIMITS).await.arrival(),
            Arrival::MayHaveArrived
        );
    });
}

#[test]
fn one_deadline_covers_the_whole_exchange() {
    wait(async {
        let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        for (reply, arrival) in [
            (Reply::Silence, Arrival::MayHaveArrived),
            (
                Reply::Drip(b"HTTP/1.1 200 OK\r\na: ".to_vec()),
                Arrival::MayHaveArrived,
            ),
            (Reply::Drip(head), Arrival::Answered { status: 200 }),
        ] {
            let began = std::time::Instant::now();
            let error = failed(reply, IMPATIENT).await;
            assert!(matches!(error, HttpError::Deadline { .. }), "{error}");
            assert_eq!(error.arrival(), arrival);
            assert!(began.elapsed() >= IMPATIENT.deadline);
            assert!(began.elapsed() < LIMITS.deadline, "{:?}", began.elapsed());
        }
        // A TLS handshake that nobody answers.
        let server = Server::new([Reply::Silence]).await;
        let url = format!("https://{}/", server.address);
        let error = get(&url, IMPATIENT, &route())
            .await
            .expect_err("no handshake");
        let step = HttpStep::Handshake;
        assert!(
            matches!(&error, HttpError::Deadline { step: found, .. } if *found == step),
            "{error}"
        );
        assert_eq!(error.arrival(), Arrival::NothingSent);
        // The caller's time counts as well.
        let url = HttpUrl::new(&server.url("/")).expect("a URL");
        let request = HttpRequest::new("GET", &url, &[], "").expect("a request");
        let client = HttpClient::new(LIMITS);
        let began = std::time::Instant::now();
        let error = client.send(&request, &route(), IMPATIENT.deadline).await;
        let error = error.expect_err("no answer");
        assert!(matches!(error, HttpError::Deadline { .. }), "{error}");
        assert!(began.elapsed() < LIMITS.deadline, "{:?}", began.elapsed());
    });
}

#[test]
fn a_head_has_at_most_so_many_bytes() {
    wait(async {
        let head = |bytes: usize| {
            let start = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\na: ";
            let fill = "x".repeat(bytes - start.len() - 4);
            Reply::Raw(format!("{start}{fill}\r\n\r\n").into_bytes())
        };
        let server = Server::new([head(LIMITS.head_bytes_max)]).await;
        get(&server.url("/"), LIMITS, &route())
            .await
            .expect("it fits");
        let small = HttpLimits {
            head_bytes_max: 1,
            ..LIMITS
        };
        for (reply, limits) in [
            (head(LIMITS.head_bytes_max + 1), LIMITS),
            (head(HEAD_BYTES_MIN + 1), small),
            (head(1 << 20), LIMITS),
            (
                Reply::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".repeat(1_000)),
                LIMITS,
            ),
            (Reply::Flood(Vec::new(), b"x".repeat(1_000)), LIMITS),
        ] {
            let error = failed(reply, limits).await;
            assert!(matches!(error, HttpError::Head { .. }), "{error}");
            assert_eq!(error.arrival(), Arrival::MayHaveArrived);
        }
        let server = Server::new([head(HEAD_BYTES_MIN)]).await;
        get(&server.url("/"), small, &route())
            .await
            .expect("the least that is possible");
    });
}

#[test]
fn a_head_has_at_most_so_many_headers() {
    wait(async {
        let head = |count: usize| {
            let headers = "a: b\r\n".repeat(count - 1);
            Reply::with(200, &headers, "")
        };
        let server = Server::new([head(RESPONSE_HEADERS_MAX)]).await;
        let response = get(&server.url("/"), LIMITS, &route())
            .await
            .expect("it fits");
        assert_eq!(response.headers.len(), RESPONSE_HEADERS_MAX);
        let error = failed(head(RESPONSE_HEADERS_MAX + 1), LIMITS).await;
        assert!(matches!(error, HttpError::Head { .. }), "{error}");
    });
}

#[test]
fn a_body_of_a_response_has_at_most_so_many_bytes() {
    wait(async {
        let most = LIMITS.response_bytes_max;
        let whole = Server::new([Reply::with(200, "", &"x".repeat(most))]).await;
        let response = get(&whole.url("/"), LIMITS, &route())
            .await
            .expect("it fits");
        assert_eq!(response.body.len(), most);
        // One more byte, ten gigabytes that are announced, and what is not announced.
        let chunk = [
            format!("{:x}\r\n", 1 << 16).into_bytes(),
            vec![b'x'; 1 << 16],
            b"\r\n".to_vec(),
        ]
        .concat();
        for reply in [
            Reply::with(200, "", &"x".repeat(most + 1)),
            Reply::Flood(
                b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n".to_vec(),
                vec![b'x'; 1 << 16],
            ),
            Reply::Flood(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
                chunk,
            ),
            Reply::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 16]),
        ] {
            let server = Server::new([reply]).await;
            let error = get(&server.url("/"), LIMITS, &route())
                .await
                .expect_err("too much");
            assert!(matches!(error, HttpError::BodyBytes { .. }), "{error}");
            assert_eq!(error.arrival(), Arrival::Answered { status: 200 });
            // What the system holds on the way is not known here; it is no gigabyte.
            assert!(server.written() < 64 << 20, "{} bytes", server.written());
        }
    });
}

#[test]
fn a_body_that_breaks_off_is_no_body() {
    wait(async {
        for reply in [
            "content-length: 10\r\n\r\nshort",
            "transfer-encoding: chunked\r\n\r\nzz\r\n",
            "transfer-encoding: chunked\r\n\r\n5\r\nabc",
            "transfer-encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ] {
            let raw = format!("HTTP/1.1 200 OK\r\n{reply}").into_bytes();
            let error = failed(Reply::Raw(raw), LIMITS).await;
            assert!(matches!(error, HttpError::Body { .. }), "{reply}: {error}");
            assert_eq!(error.arrival(), Arrival::Answered { status: 200 });
        }
        for nonsense in [
            "",
            "hello\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        ] {
            let error = failed(Reply::Raw(nonsense.into()), LIMITS).await;
            assert_eq!(
                error.arrival(),
                Arrival::MayHaveArrived,
                "{nonsense}: {error}"
            );
        }
    });
}

// TLS

#[test]
fn a_host_proves_who_it_is() {
    let context = Context::new();
    wait(async {
        let certificate = Certificate::new(&context, "DNS:localhost");
        let server = Server::tls(&certificate, [Reply::with(200, "", "hello")]).await;
        let pem = std::fs::read(&certificate.authority).expect("a certificate");
        let trusting = HttpRoute {
            authorities: Some(Authorities::from_pem(&pem).expect("an authority")),
            ..route()
        };
        let port = server.address.port();
        let response = get(&format!("https://localhost:{port}/"), LIMITS, &trusting).await;
        assert_eq!(response.expect("a response").body, b"hello");
        assert_eq!(
            server.received()[0].header("host"),
            Some(format!("localhost:{port}").as_str())
        );
        // Another name, and the authorities of this machine, which do not know that of the test.
        for (host, route) in [("127.0.0.1", &trusting), ("localhost", &route())] {
            let error = get(&format!("https://{host}:{port}/"), LIMITS, route).await;
            let error = error.expect_err("it is not proved");
            let is_tls = matches!(
                error,
                HttpError::Handshake { .. } | HttpError::Authorities { .. }
            );
            assert!(is_tls, "{error}");
            assert_eq!(error.arrival(), Arrival::NothingSent);
        }
        assert_eq!(server.received().len(), 1);
        // No TLS at all.
        let plain = Server::new([Reply::status(200)]).await;
        let url = format!("https://{}/", plain.address);
        let limits = HttpLimits {
            deadline: Duration::from_secs(1),
            ..LIMITS
        };
        let error = get(&url, limits, &trusting).await.expect_err("no TLS");
        assert_eq!(error.arrival(), Arrival::NothingSent);
    });
}

#[test]
fn an_address_proves_itself_as_an_address() {
    let context = Context::new();
    wait(async {
        let certificate = Certificate::new(&context, "IP:127.0.0.1");
        let server = Server::tls(&certificate, [Reply::status(200)]).await;
        let pem = std::fs::read(&certificate.authority).expect("a certificate");
        let trusting = HttpRoute {
            authorities: Some(Authorities::from_pem(&pem).expect("an authority")),
            ..route()
        };
        let url = format!("https://{}/", server.address);
        get(&url, LIMITS, &trusting).await.expect("a response");
    });
}

#[test]
fn a_file_without_certificates_is_refused() {
    let refused = |text: &str| Authorities::from_pem(text.as_bytes()).expect_err("it has none");
    assert_eq!(refused(""), AuthoritiesError::Empty);
    assert_eq!(refused("hello"), AuthoritiesError::Empty);
    let block = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let malformed = refused(block);
    assert!(
        matches!(malformed, AuthoritiesError::Malformed { number: 1, .. }),
        "{malformed}"
    );
    let cut = refused("-----BEGIN CERTIFICATE-----\naGVsbG8=\n");
    assert!(matches!(cut, AuthoritiesError::Malformed { .. }), "{cut}");
}
